// The zone editor's keys: everything the mouse can do.
const [STEP, BIG_STEP] = [0.002, 0.02];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const ALWAYS = {
  "+": (editor) => editor.view.zoom(1.5),
  "=": (editor) => editor.view.zoom(1.5),
  "-": (editor) => editor.view.zoom(1 / 1.5),
  0: (editor) => editor.view.fit(),
};
const DRAWING = {
  Escape: (editor) => editor.cancel(),
  Enter: (editor) => editor.finish(),
  " ": (editor) => editor.place(editor.cursor ?? [0.5, 0.5]),
  Backspace: (editor) => editor.takeBackPoint(),
  Delete: (editor) => editor.takeBackPoint(),
};
const SELECTED = {
  Escape: (editor) => editor.letGo(),
  Insert: (editor) => editor.insertPoint(),
  Backspace: (editor) => editor.removePoint(),
  Delete: (editor) => editor.removePoint(),
};

export function listenToKeys(editor) {
  editor.root.addEventListener("keydown", (event) => {
    const action = actionOf(editor, event);
    if (!action) return;
    event.preventDefault();
    action(editor);
  });
}

function actionOf(editor, { key, ctrlKey, metaKey, altKey, shiftKey }) {
  if (ctrlKey || metaKey) return commandOf(key.toLowerCase(), shiftKey);
  if (altKey) return null;
  if (ARROWS[key]) return () => editor.nudge(ARROWS[key], shiftKey ? BIG_STEP : STEP);
  if (editor.points) return DRAWING[key] ?? ALWAYS[key];
  return (editor.selected && SELECTED[key]) || ALWAYS[key];
}

function commandOf(key, isShifted) {
  if (key === "y" || (key === "z" && isShifted)) return (editor) => editor.redo();
  return key === "z" ? (editor) => editor.undo() : null;
}
