{# Analysts read the models; the role is there once somebody ran `hypersight analyst`. #}
{% macro grant_to_analysts() %}
do $$ begin
  if exists (select from pg_roles where rolname = 'hypersight_analyst')
     and exists (select from pg_namespace where nspname = '{{ target.schema }}') then
    grant usage on schema {{ target.schema }} to hypersight_analyst;
    grant select on all tables in schema {{ target.schema }} to hypersight_analyst;
  end if;
end $$
{% endmacro %}
