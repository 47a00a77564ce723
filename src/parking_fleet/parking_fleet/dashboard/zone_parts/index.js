// The parts of the zone editor, each in a file.

export { changing } from "./changing.js";
export { keys } from "./keys.js";
export { looking } from "./looking.js";
export { outlines } from "./outlines.js";
export { pointing } from "./pointing.js";
export { clamp, percent } from "./numbers.js";
export { TEMPLATE } from "./template.js";
export { ENOUGH, HELP, MOST, TOOLS } from "./words.js";
