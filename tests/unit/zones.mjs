// Answers questions about the page's own geometry, one JSON object a line; see test_zone_geometry.py beside it.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const geometry = await import(new URL("zone_geometry.js", folder));
const { ZoneModel } = await import(new URL("zone_model.js", folder));

const answers = {
  fault: ({ corners }) => geometry.faultOf(corners)?.fault ?? null,
  snapped: ({ point, shapes, aspect, radius }) => geometry.snapped(point, shapes, aspect, radius),
  in_side: ({ line, aspect }) => geometry.inSide(line, aspect),
  edited: ({ zones, steps }) => {
    const model = new ZoneModel(zones);
    const said = steps.map(([method, ...values]) => model[method](...values));
    return { zones: model.zones, text: model.text, said, canUndo: model.canUndo, canRedo: model.canRedo };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...values } = JSON.parse(line);
  console.log(JSON.stringify(answers[ask](values) ?? null));
}
