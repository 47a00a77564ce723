// Draw zones, bays and gates on a picture. The truth is kept by the server: here a change is shown at
// once, told as an "edit" event, and replaced by what the server makes of it.

import {
  changing,
  clamp,
  ENOUGH,
  HELP,
  keys,
  looking,
  MOST,
  outlines,
  percent,
  pointing,
  TEMPLATE,
  TOOLS,
} from "parking-zone-parts";

export default {
  template: TEMPLATE,
  props: { state: Object, picture: Object },
  emits: ["edit", "restore"],

  data() {
    return {
      tools: TOOLS,
      tool: "select",
      shapes: this.state.shapes,
      chosen: null,
      corner: null,
      draft: [],
      cursor: null,
      view: { x: 0, y: 0, w: this.picture.width },
      shown_px: 800,
      snaps: true,
      row: { number: 8, pattern: "A#", first: 1 },
      told: "",
      kept: "",
      reach: matchMedia("(pointer: coarse)").matches ? 20 : 11,
    };
  },

  computed: {
    width() {
      return this.picture.width;
    },
    height() {
      return this.picture.height;
    },
    unit() {
      return this.view.w / this.shown_px;
    },
    viewBox() {
      return `${this.view.x} ${this.view.y} ${this.view.w} ${(this.view.w * this.height) / this.width}`;
    },
    isDrawing() {
      return this.tool !== "select";
    },
    enough() {
      return ENOUGH[this.tool];
    },
    help() {
      return HELP[this.tool];
    },
    keys() {
      return this.isDrawing
        ? "Keys: arrows move the cross (Shift far, Alt little), Enter puts a point, Enter again in the same place " +
            "finishes, Backspace takes a point back, Escape cancels."
        : "Keys: Z, B, R, G draw; comma and full stop go from corner to corner; arrows move (Shift far, Alt little); " +
            "I adds a corner, Delete removes, F turns a gate around, Ctrl+Z undoes.";
    },
    pictureLabel() {
      const point = this.cursor && this.isDrawing ? `, cross at ${this.spot(this.cursor)}` : "";
      return `Picture with ${this.shapes.length} shapes${point}`;
    },
    rowNames() {
      const name = (number) => {
        const pattern = this.row.pattern.trim() || "Bay #";
        return pattern.includes("#")
          ? pattern.replace(/#+/, (found) => String(number).padStart(found.length, "0"))
          : `${pattern}${number}`;
      };
      const { first, number } = this.row;
      return number > 1 ? `${name(first)} to ${name(first + number - 1)}` : name(first);
    },
    layers() {
      const order = { zone: 0, bay: 1, gate: 2 };
      return [...this.shapes].sort((a, b) => order[a.kind] - order[b.kind]);
    },
    named() {
      const many = this.shapes.length > 60 && this.unit > 0.5 * (this.width / this.shown_px);
      return this.shapes
        .filter((shape) => !many || shape.kind !== "bay" || shape.id === this.chosen)
        .map((shape) => ({ ...shape, at: this.labelAt(shape) }));
    },
    picked() {
      return this.shapes.find((shape) => shape.id === this.chosen) ?? null;
    },
    marked() {
      return this.isDrawing ? null : this.picked;
    },
    middles() {
      const points = this.marked.points;
      if (this.marked.kind === "gate" || points.length >= 100) return [];
      return points.map((point, index) => {
        const next = points[(index + 1) % points.length];
        return [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
      });
    },
    groups() {
      const words = { zone: "Zones", bay: "Bays", gate: "Gates" };
      return Object.keys(words)
        .map((kind) => ({ kind, word: words[kind], shapes: this.shapes.filter((shape) => shape.kind === kind) }))
        .filter((group) => group.shapes.length);
    },
    trail() {
      const trail = this.cursor && this.draft.length ? [...this.draft, this.cursor] : [...this.draft];
      const closes = this.tool !== "gate" && trail.length > 2;
      return closes ? [...trail, trail[0]] : trail;
    },
    cross() {
      const [x, y] = [this.cursor[0] * this.width, this.cursor[1] * this.height];
      const r = 12 * this.unit;
      return `M${x - r},${y}H${x + r}M${x},${y - r}V${y + r}`;
    },
  },

  watch: {
    state(state) {
      // What came before our newest change was seen is old already.
      if (state.seen < this.sent) return;
      this.keep(state);
      this.shapes = state.shapes;
      if (state.choose && state.choose !== this.newest) {
        this.newest = state.choose;
        this.choose(state.choose, state.told);
        this.afterDrawing();
      } else if (state.told) this.tell(state.told);
      if (!this.picked) this.choose(null, this.told);
      else if (this.corner !== null && this.corner >= this.picked.points.length) this.corner = null;
    },
    picture: {
      deep: true,
      handler(now, before) {
        if (now.width !== before.width || now.height !== before.height || now.src !== before.src) this.fit();
      },
    },
  },

  created() {
    this.place = `zones ${location.pathname}`;
    if (!this.state.is_changed) this.kept = sessionStorage.getItem(this.place) ?? "";
    this.sent = 0;
    this.newest = this.state.choose;
    this.pointers = new Map();
    this.hold = null;
    this.pinch = null;
  },

  mounted() {
    this.observer = new ResizeObserver(([entry]) => {
      if (entry.contentRect.width) this.shown_px = entry.contentRect.width;
    });
    this.observer.observe(this.$refs.svg);
    this.onUnload = (event) => {
      if (this.state.is_changed || this.draft.length) event.preventDefault();
    };
    window.addEventListener("beforeunload", this.onUnload);
  },

  unmounted() {
    this.observer.disconnect();
    window.removeEventListener("beforeunload", this.onUnload);
  },

  methods: {
    percent,
    ...changing,
    ...pointing,
    ...looking,
    ...keys,
    ...outlines,

    // For when the connection is lost: the tab's own memory keeps what is not saved

    keep(state) {
      if (this.kept && !state.is_changed) return;
      this.kept = "";
      if (state.is_changed) sessionStorage.setItem(this.place, state.text);
      else sessionStorage.removeItem(this.place);
    },
    restore(isWanted) {
      if (isWanted) this.$emit("restore", this.kept);
      this.kept = "";
      sessionStorage.removeItem(this.place);
    },

    // Telling the server

    send(edit) {
      this.sent += 1;
      this.$emit("edit", { ...edit, n: this.sent });
    },
    put(shape, points, step = null) {
      shape.points = points.map(([x, y]) => [clamp(x, 0, 1), clamp(y, 0, 1)]);
      this.send({ do: "points", id: shape.id, points: shape.points, step });
    },
    tell(text) {
      this.told = text === this.told ? `${text} ` : text;
    },

    // Tools

    take(tool) {
      this.tool = tool;
      this.draft = [];
      this.cursor = null;
      this.tell(tool === "select" ? "Choose" : HELP[tool]);
      if (tool !== "select" && tool !== "row") this.$refs.svg.focus({ preventScroll: true });
    },
    choose(id, told = "") {
      if (id !== this.chosen) this.corner = null;
      this.chosen = id;
      const shape = this.picked;
      if (shape) this.tell(told || `${this.called(shape)}, ${shape.where}`);
    },
    afterDrawing() {
      // A new zone or gate wants a name; on a phone the keyboard would cover the picture.
      const isTouch = this.lastPointer === "touch";
      if (this.picked && this.picked.kind !== "bay") {
        this.tool = "select";
        if (!isTouch)
          this.$nextTick(() => {
            this.$refs.name?.focus({ preventScroll: true });
            this.$refs.name?.select();
          });
      }
    },
    addPoint(point) {
      const first = this.draft[0];
      const last = this.draft.at(-1);
      const isAt = (other) => other && this.distance(point, other) < 0.5 * this.unit;
      if (isAt(last)) return this.draft.length >= this.enough ? this.finish() : undefined;
      if (isAt(first) && this.draft.length >= this.enough) return this.finish();
      this.draft.push(point);
      this.tell(`Point ${this.draft.length} at ${this.spot(point)}`);
      if (this.draft.length >= MOST[this.tool]) this.finish();
    },
    takeBack() {
      this.draft.pop();
      this.tell(`${this.draft.length} points`);
    },
    finish() {
      if (this.draft.length < this.enough) return;
      const points = this.draft;
      this.draft = [];
      if (this.tool === "row") {
        const number = clamp(Math.round(this.row.number) || 1, 1, 500);
        const first = Math.max(0, Math.round(this.row.first) || 0);
        this.send({ do: "row", points, number, pattern: this.row.pattern, first, aspect: this.width / this.height });
        this.tool = "select";
      } else if (this.tool === "gate") this.send({ do: "add", kind: "gate", points: [...points, this.beside(points)] });
      else this.send({ do: "add", kind: this.tool, points });
    },
    beside([a, b]) {
      // On the left of the line, a quarter of its length away; on the other side where there is no room.
      const [dx, dy] = [(b[0] - a[0]) * this.width, (b[1] - a[1]) * this.height];
      const at = (side) => [
        (a[0] + b[0]) / 2 + (side * 0.25 * dy) / this.width,
        (a[1] + b[1]) / 2 - (side * 0.25 * dx) / this.height,
      ];
      return [at(1), at(-1)].find((point) => point.every((value) => value >= 0 && value <= 1)) ?? at(1);
    },

  },
};
