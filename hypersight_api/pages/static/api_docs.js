// The API's own description, to read and to try.
SwaggerUIBundle({ url: "/schema/openapi.json", dom_id: "#api-docs", deepLinking: true, validatorUrl: null });
