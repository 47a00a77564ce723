// What tools and kinds are called, and how many points each takes.

export const KINDS = { zone: "Zone", bay: "Bay", gate: "Gate" };
export const TOOLS = [
  { id: "select", key: "v", word: "Choose", sign: "➤" },
  { id: "zone", key: "z", word: "Zone", sign: "⬠" },
  { id: "bay", key: "b", word: "Bay", sign: "▱" },
  { id: "row", key: "r", word: "Row of bays", sign: "▥" },
  { id: "gate", key: "g", word: "Gate", sign: "⇥" },
];
export const HELP = {
  select: "Choose a shape in the picture or in the list. Drag it, or its corners; a small dot makes a new corner.",
  zone: "Put the corners of the zone, one after another; end on the first one, or with Finish.",
  bay: "Put the corners of one bay on the ground; end on the first one, or with Finish.",
  row:
    "Say how many bays and how they are called, then put the corners: along the row from the first bay to the " +
    "last, then back on the other side. After two corners, Finish makes the depth.",
  gate: "Put the two ends of the line that cars cross. The arrow points to the inside; F turns it around.",
};
export const ENOUGH = { zone: 3, bay: 3, row: 2, gate: 2 };
export const MOST = { zone: 100, bay: 100, row: 4, gate: 2 };
