// Draw zones, bays and gates on a picture. The truth is kept by the server: here a change is shown at
// once, told as an "edit" event, and replaced by what the server makes of it.

const KINDS = { zone: "Zone", bay: "Bay", gate: "Gate" };
const TOOLS = [
  { id: "select", key: "v", word: "Choose", sign: "➤" },
  { id: "zone", key: "z", word: "Zone", sign: "⬠" },
  { id: "bay", key: "b", word: "Bay", sign: "▱" },
  { id: "row", key: "r", word: "Row of bays", sign: "▥" },
  { id: "gate", key: "g", word: "Gate", sign: "⇥" },
];
const HELP = {
  select: "Choose a shape in the picture or in the list. Drag it, or its corners; a small dot makes a new corner.",
  zone: "Put the corners of the zone, one after another; end on the first one, or with Finish.",
  bay: "Put the corners of one bay on the ground; end on the first one, or with Finish.",
  row:
    "Say how many bays and how they are called, then put the corners: along the row from the first bay to the " +
    "last, then back on the other side. After two corners, Finish makes the depth.",
  gate: "Put the two ends of the line that cars cross. The arrow points to the inside; F turns it around.",
};
const ENOUGH = { zone: 3, bay: 3, row: 2, gate: 2 };
const MOST = { zone: 100, bay: 100, row: 4, gate: 2 };
const SNAP_PX = 10;
const CLOSE_PX = 14;
const SLIP_PX = 4;
const MOST_ZOOM = 16;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const percent = (value) => (100 * value).toFixed(1).replace(/\.0$/, "");

export default {
  template: `
    <div class="ze" @keydown="onAnyKey">
      <p v-if="kept" class="notice" role="status"><span>This browser kept what was drawn here before the page was
        closed or the connection was lost. <button type="button" @click="restore(true)">Take it up</button>
        <button type="button" @click="restore(false)">Throw it away</button></span></p>
      <div class="ze-bar" role="toolbar" aria-label="Drawing tools">
        <button v-for="each in tools" type="button" :aria-pressed="tool === each.id" @click="take(each.id)"
          :title="each.word + ' (' + each.key.toUpperCase() + ')'">
          <span aria-hidden="true">{{ each.sign }}</span> {{ each.word }}</button>
        <span class="ze-gap"></span>
        <button type="button" :disabled="!state.can_undo" @click="send({ do: 'undo' })" title="Undo (Ctrl+Z)">
          <span aria-hidden="true">↶</span> Undo</button>
        <button type="button" :disabled="!state.can_redo" @click="send({ do: 'redo' })" title="Redo (Ctrl+Y)">
          <span aria-hidden="true">↷</span> Redo</button>
        <span class="ze-gap"></span>
        <button type="button" @click="zoomBy(1.5)" aria-label="Zoom in" title="Zoom in (+)">+</button>
        <button type="button" @click="zoomBy(1 / 1.5)" aria-label="Zoom out" title="Zoom out (-)">−</button>
        <button type="button" @click="fit" title="The whole picture (0)">Fit</button>
        <label class="ze-check"><input type="checkbox" v-model="snaps"> Snap to corners</label>
      </div>
      <div class="ze-help">
        <p>{{ help }}</p>
        <div v-if="tool === 'row'" class="ze-row">
          <label>Bays <input type="number" min="1" max="500" v-model.number="row.number" name="row-number"></label>
          <label>Names <input type="text" maxlength="100" v-model="row.pattern" name="row-pattern"
            title="# stands for the number of the bay"></label>
          <label>First number <input type="number" min="0" v-model.number="row.first" name="row-first"></label>
          <span class="ze-muted">{{ rowNames }}</span>
        </div>
        <div v-if="isDrawing" class="ze-row">
          <button type="button" class="ze-main" :disabled="draft.length < enough" @click="finish">Finish</button>
          <button type="button" :disabled="!draft.length" @click="takeBack">Take last point back</button>
          <button type="button" @click="take('select')">Cancel</button>
          <span class="ze-muted">{{ draft.length }} {{ draft.length === 1 ? "point" : "points" }}</span>
        </div>
      </div>
      <div class="ze-columns">
        <div class="ze-stage" :style="{ '--aspect': width / height }">
          <svg ref="svg" tabindex="0" role="application" aria-roledescription="drawing" :aria-label="pictureLabel"
            aria-describedby="ze-keys" :viewBox="viewBox" :class="'ze-' + (isDrawing ? 'drawing' : 'choosing')"
            @pointerdown="onDown" @pointermove="onMove" @pointerup="onUp" @pointercancel="onCancel"
            @pointerleave="onLeave" @wheel.prevent="onWheel" @dblclick="onDouble" @keydown="onKey">
            <image v-if="picture.src" :href="picture.src" :width="width" :height="height" preserveAspectRatio="none" />
            <g v-else class="ze-empty">
              <rect :width="width" :height="height" />
              <template v-for="step in 9"><line :x1="width * step / 10" y1="0" :x2="width * step / 10" :y2="height" />
              <line x1="0" :y1="height * step / 10" :x2="width" :y2="height * step / 10" /></template>
            </g>
            <g v-for="shape in layers" :key="shape.id" :data-id="shape.id" :class="classOf(shape)">
              <template v-if="shape.kind === 'gate'">
                <line v-bind="line(shape)" class="ze-halo" /><line v-bind="line(shape)" class="ze-touch" />
                <line v-bind="line(shape)" class="ze-line" />
                <path :d="arrow(shape)" class="ze-halo" /><path :d="arrow(shape)" class="ze-line" />
              </template>
              <template v-else>
                <polygon :points="dots(shape.points)" class="ze-halo" />
                <polygon :points="dots(shape.points)" class="ze-area" />
              </template>
            </g>
            <g class="ze-names" aria-hidden="true" :font-size="12 * unit">
              <text v-for="shape in named" :key="shape.id" :x="shape.at[0]" :y="shape.at[1]" :stroke-width="3 * unit"
                >{{ shape.problems.length ? "⚠ " : "" }}{{ shape.name }}</text>
            </g>
            <g v-if="marked" class="ze-handles">
              <circle v-for="(mid, index) in middles" class="ze-mid" :cx="mid[0] * width" :cy="mid[1] * height"
                :r="4 * unit" :data-mid="index" />
              <template v-for="(point, index) in marked.points">
                <circle class="ze-finger" :cx="point[0] * width" :cy="point[1] * height" :r="reach * unit"
                  :data-corner="index" />
                <circle :class="['ze-corner', { 'is-chosen': index === corner }]" :cx="point[0] * width"
                  :cy="point[1] * height" :r="(index === corner ? 8 : 6) * unit" :data-corner="index" />
              </template>
            </g>
            <g v-if="isDrawing" class="ze-draft">
              <polyline :points="dots(trail)" class="ze-halo" /><polyline :points="dots(trail)" class="ze-line" />
              <circle v-for="(point, index) in draft" :cx="point[0] * width" :cy="point[1] * height"
                :r="(index === 0 ? 7 : 5) * unit" />
              <path v-if="cursor" :d="cross" class="ze-halo" /><path v-if="cursor" :d="cross" class="ze-line" />
            </g>
          </svg>
          <p id="ze-keys" class="ze-muted ze-keys">{{ keys }}</p>
        </div>
        <div class="ze-side">
          <form v-if="picked" class="ze-details" @submit.prevent :aria-label="called(picked)">
            <h2>{{ called(picked) }}</h2>
            <label>Name <input ref="name" type="text" maxlength="200" :value="picked.name" name="shape-name"
              autocomplete="off" spellcheck="false" @change="rename" @keydown.enter.prevent="renameAndBack"></label>
            <label v-if="picked.kind === 'zone'">Capacity
              <input type="number" min="0" max="100000" :value="picked.capacity || ''" placeholder="as many as bays"
                name="capacity" @change="setCapacity"></label>
            <div class="ze-row">
              <label>{{ picked.kind === "gate" ? "Point" : "Corner" }}
                <select :value="corner === null ? '' : corner" name="corner"
                  @change="corner = $event.target.value === '' ? null : Number($event.target.value)">
                  <option value="">whole {{ picked.kind }}</option>
                  <option v-for="(point, index) in picked.points" :value="index">{{ pointName(picked, index) }}</option>
                </select></label>
              <template v-if="corner !== null">
                <label>% from left <input type="number" min="0" max="100" step="any" name="corner-x"
                  :value="percent(picked.points[corner][0])" @change="setCorner(0, $event)"></label>
                <label>% from top <input type="number" min="0" max="100" step="any" name="corner-y"
                  :value="percent(picked.points[corner][1])" @change="setCorner(1, $event)"></label>
              </template>
            </div>
            <ul v-if="picked.problems.length" class="ze-problems"><li v-for="text in picked.problems">⚠ {{ text }}</li></ul>
            <p v-else-if="picked.hint" class="ze-muted">{{ picked.hint }}</p>
            <div class="ze-row">
              <button v-if="picked.kind === 'gate'" type="button" @click="flip">Turn around</button>
              <button v-else type="button" :disabled="picked.points.length >= 100" @click="insert">Add corner</button>
              <button v-if="picked.kind !== 'gate'" type="button" :disabled="corner === null || picked.points.length < 4"
                @click="removeCorner">Remove corner</button>
              <button type="button" class="ze-danger" @click="remove">Delete {{ picked.kind }}</button>
            </div>
          </form>
          <section class="ze-list" aria-label="What is drawn">
            <h2>What is drawn</h2>
            <p v-if="!shapes.length" class="ze-muted">Nothing yet. Choose what to draw above the picture.</p>
            <template v-for="group in groups" :key="group.kind">
              <h3>{{ group.word }} <span class="ze-muted">{{ group.shapes.length }}</span></h3>
              <ul>
                <li v-for="shape in group.shapes" :key="shape.id">
                  <button type="button" :aria-pressed="shape.id === chosen" :data-shape="shape.id" @click="choose(shape.id)"
                    @keydown="onListKey($event, shape)">
                    <span :class="'ze-swatch ze-is-' + shape.kind" aria-hidden="true"></span>
                    <span><strong>{{ shape.name || "(no name)" }}</strong> <span class="ze-muted">{{ shape.where }}</span>
                    <span v-for="text in shape.problems" class="ze-problem">⚠ {{ text }}</span></span>
                  </button>
                </li>
              </ul>
            </template>
          </section>
        </div>
      </div>
      <div class="sr-only" role="status" aria-live="polite">{{ told }}</div>
    </div>
  `,

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

    // What is chosen

    rename(event) {
      if (event.target.value !== this.picked.name) this.send({ do: "rename", id: this.chosen, name: event.target.value });
    },
    renameAndBack(event) {
      this.rename(event);
      this.$refs.svg.focus({ preventScroll: true });
    },
    setCapacity(event) {
      const capacity = clamp(Math.round(Number(event.target.value)) || 0, 0, 100000);
      this.send({ do: "capacity", id: this.chosen, capacity });
    },
    setCorner(axis, event) {
      const value = Number(event.target.value) / 100;
      if (!Number.isFinite(value) || event.target.value === "") return;
      const points = this.picked.points.map((point) => [...point]);
      points[this.corner][axis] = value;
      this.put(this.picked, points);
    },
    flip() {
      if (this.picked?.kind === "gate") this.send({ do: "flip", id: this.chosen });
    },
    insert() {
      const shape = this.picked;
      if (!shape || shape.kind === "gate" || shape.points.length >= 100) return;
      const index = this.corner ?? shape.points.length - 1;
      const next = shape.points[(index + 1) % shape.points.length];
      const middle = [(shape.points[index][0] + next[0]) / 2, (shape.points[index][1] + next[1]) / 2];
      this.put(shape, shape.points.toSpliced(index + 1, 0, middle));
      this.corner = index + 1;
      this.tellCorner();
    },
    removeCorner() {
      const shape = this.picked;
      if (!shape || shape.kind === "gate" || this.corner === null || shape.points.length < 4) return;
      this.put(shape, shape.points.toSpliced(this.corner, 1));
      this.corner = null;
      this.tell(`Corner removed; ${shape.points.length} are left`);
    },
    remove() {
      const shape = this.picked;
      if (!shape) return;
      this.send({ do: "remove", id: shape.id });
      this.shapes = this.shapes.filter((each) => each !== shape);
      this.choose(null);
      this.tell(`${this.called(shape)} deleted; undo brings it back`);
      this.$refs.svg.focus({ preventScroll: true });
    },
    moveBy(dx, dy) {
      const shape = this.picked;
      if (!shape) return;
      if (this.corner === null) this.put(shape, this.shifted(shape.points, dx, dy), "all");
      else {
        const points = shape.points.map((point) => [...point]);
        points[this.corner] = [points[this.corner][0] + dx, points[this.corner][1] + dy];
        this.put(shape, points, `corner ${this.corner}`);
        this.tellCorner();
      }
    },
    shifted(points, dx, dy) {
      const xs = points.map(([x]) => x);
      const ys = points.map(([, y]) => y);
      const right = clamp(dx, -Math.min(...xs), 1 - Math.max(...xs));
      const down = clamp(dy, -Math.min(...ys), 1 - Math.max(...ys));
      return points.map(([x, y]) => [x + right, y + down]);
    },
    nextCorner(step) {
      if (!this.picked) return;
      const number = this.picked.points.length;
      this.corner = this.corner === null ? (step > 0 ? 0 : number - 1) : (this.corner + step + number) % number;
      this.tellCorner();
    },
    tellCorner() {
      const point = this.picked.points[this.corner];
      this.tell(`${this.pointName(this.picked, this.corner)} of ${this.picked.name}, ${this.spot(point)}`);
    },

    // Pointers

    at(event) {
      const box = this.$refs.svg.getBoundingClientRect();
      const scale = this.view.w / box.width;
      const x = (this.view.x + (event.clientX - box.left) * scale) / this.width;
      const y = (this.view.y + (event.clientY - box.top) * scale) / this.height;
      return [clamp(x, 0, 1), clamp(y, 0, 1)];
    },
    distance([ax, ay], [bx, by]) {
      return Math.hypot((ax - bx) * this.width, (ay - by) * this.height);
    },
    snapped(point, event, own = null) {
      // Close to its beginning a polygon is closed, whether or not the rest snaps.
      const close = CLOSE_PX * this.unit;
      if (this.isDrawing && this.draft.length >= this.enough && this.distance(point, this.draft[0]) < close)
        return this.draft[0];
      if (!this.snaps || event.altKey) return point;
      const near = SNAP_PX * this.unit;
      let best = null;
      let least = near;
      for (const shape of this.shapes)
        shape.points.forEach((other, index) => {
          if (own && shape.id === own.id && index === own.corner) return;
          if (shape.kind === "gate" && index === 2) return;
          const away = this.distance(point, other);
          if (away < least) [best, least] = [other, away];
        });
      if (best) return [...best];
      const edge = (value, size) => (value * size < near ? 0 : (1 - value) * size < near ? 1 : value);
      return [edge(point[0], this.width), edge(point[1], this.height)];
    },
    onDown(event) {
      if (event.button > 1) return;
      this.lastPointer = event.pointerType;
      this.$refs.svg.focus({ preventScroll: true });
      this.$refs.svg.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, event);
      if (this.pointers.size === 2) return this.beginPinch();
      const data = this.hit(event);
      const hold = { x: event.clientX, y: event.clientY, from: this.at(event), view: { ...this.view }, what: "pan" };
      hold.id = data.id;
      if (!this.isDrawing && event.button === 0) {
        if (data.corner !== undefined) this.corner = Number(data.corner);
        if (data.corner !== undefined || data.mid !== undefined) hold.what = data.mid === undefined ? "corner" : "mid";
        else if (data.id !== undefined && Number(data.id) === this.chosen) hold.what = "shape";
        hold.mid = Number(data.mid);
        hold.points = this.picked?.points;
      }
      this.hold = hold;
    },
    hit(event) {
      for (const name of ["corner", "mid", "id"]) {
        const found = event.target.closest(`[data-${name}]`);
        if (found) return { ...found.dataset };
      }
      return {};
    },
    onMove(event) {
      if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, event);
      if (this.pinch) return this.movePinch();
      if (this.isDrawing && event.pointerType !== "touch") this.cursor = this.snapped(this.at(event), event);
      const hold = this.hold;
      if (!hold) return;
      if (!hold.moved && Math.hypot(event.clientX - hold.x, event.clientY - hold.y) < SLIP_PX) return;
      hold.moved = true;
      if (hold.what === "pan") return this.pan(event, hold);
      const shape = this.picked;
      if (!shape) return;
      const point = this.at(event);
      if (hold.what === "shape") {
        shape.points = this.shifted(hold.points, point[0] - hold.from[0], point[1] - hold.from[1]);
        return;
      }
      if (hold.what === "mid") {
        hold.points = hold.points.toSpliced(hold.mid + 1, 0, point);
        this.corner = hold.mid + 1;
        hold.what = "corner";
      }
      const points = [...hold.points];
      points[this.corner] = this.snapped(point, event, { id: shape.id, corner: this.corner });
      shape.points = points;
    },
    onUp(event) {
      this.pointers.delete(event.pointerId);
      if (this.pinch) {
        if (!this.pointers.size) this.pinch = null;
        return;
      }
      const hold = this.hold;
      this.hold = null;
      if (!hold) return;
      if (hold.moved) {
        if (hold.what !== "pan" && this.picked) this.put(this.picked, this.picked.points);
      } else if (this.isDrawing) {
        if (event.button === 0) this.addPoint(this.snapped(this.at(event), event));
      } else if (hold.what === "pan") this.choose(hold.id === undefined ? null : Number(hold.id));
      else if (hold.what === "shape") this.corner = null;
    },
    onCancel(event) {
      this.pointers.delete(event.pointerId);
      this.letGo();
      if (!this.pointers.size) this.pinch = null;
    },
    onLeave(event) {
      if (!this.hold && event.pointerType === "mouse") this.cursor = null;
    },
    letGo() {
      if (this.hold?.moved && this.hold.what !== "pan" && this.picked) this.put(this.picked, this.picked.points);
      this.hold = null;
    },
    onDouble(event) {
      if (this.isDrawing) return;
      const { corner } = this.hit(event);
      if (corner !== undefined) {
        this.corner = Number(corner);
        this.removeCorner();
      }
    },

    // Looking closer

    show(view) {
      const w = clamp(view.w, this.width / MOST_ZOOM, this.width);
      const h = (w * this.height) / this.width;
      this.view = { x: clamp(view.x, 0, this.width - w), y: clamp(view.y, 0, this.height - h), w };
    },
    fit() {
      this.show({ x: 0, y: 0, w: this.width });
    },
    zoomBy(factor, center = null) {
      const { x, y, w } = this.view;
      const ratio = this.height / this.width;
      const [cx, cy] = center ?? this.focusPoint() ?? [x + w / 2, y + (w * ratio) / 2];
      const next = clamp(w / factor, this.width / MOST_ZOOM, this.width);
      const scale = next / w;
      this.show({ x: cx - (cx - x) * scale, y: cy - (cy - y) * scale, w: next });
    },
    focusPoint() {
      const point = this.isDrawing ? this.cursor : this.picked?.points[this.corner ?? 0];
      return point ? [point[0] * this.width, point[1] * this.height] : null;
    },
    onWheel(event) {
      const [x, y] = this.at(event);
      this.zoomBy(Math.exp(-clamp(event.deltaY, -200, 200) / 300), [x * this.width, y * this.height]);
    },
    pan(event, hold) {
      this.show({
        x: hold.view.x - (event.clientX - hold.x) * this.unit,
        y: hold.view.y - (event.clientY - hold.y) * this.unit,
        w: hold.view.w,
      });
    },
    beginPinch() {
      if (this.hold?.moved) this.letGo();
      this.hold = null;
      const [a, b] = [...this.pointers.values()];
      const box = this.$refs.svg.getBoundingClientRect();
      const middle = { x: (a.clientX + b.clientX) / 2 - box.left, y: (a.clientY + b.clientY) / 2 - box.top };
      this.pinch = {
        apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1,
        w: this.view.w,
        x: this.view.x + middle.x * this.unit,
        y: this.view.y + middle.y * this.unit,
      };
    },
    movePinch() {
      if (this.pointers.size < 2) return;
      const [a, b] = [...this.pointers.values()];
      const box = this.$refs.svg.getBoundingClientRect();
      const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
      const w = clamp((this.pinch.w * this.pinch.apart) / apart, this.width / MOST_ZOOM, this.width);
      const unit = w / box.width;
      const middle = { x: (a.clientX + b.clientX) / 2 - box.left, y: (a.clientY + b.clientY) / 2 - box.top };
      this.show({ x: this.pinch.x - middle.x * unit, y: this.pinch.y - middle.y * unit, w });
    },
    reveal([fx, fy]) {
      const [x, y] = [fx * this.width, fy * this.height];
      const { w } = this.view;
      const h = (w * this.height) / this.width;
      const margin = 0.1 * w;
      this.show({
        x: clamp(this.view.x, x + margin - w, x - margin),
        y: clamp(this.view.y, y + margin - h, y - margin),
        w,
      });
    },

    // Keys

    onAnyKey(event) {
      const isField = ["INPUT", "TEXTAREA"].includes(event.target.tagName) && event.target.type !== "checkbox";
      if (!(event.ctrlKey || event.metaKey) || isField) return;
      const key = event.key.toLowerCase();
      if (key === "z") this.send({ do: event.shiftKey ? "redo" : "undo" });
      else if (key === "y") this.send({ do: "redo" });
      else return;
      event.preventDefault();
    },
    onKey(event) {
      if (event.ctrlKey || event.metaKey) return;
      const handled = this.isDrawing ? this.drawKey(event) : this.changeKey(event);
      if (handled || this.viewKey(event)) event.preventDefault();
    },
    onListKey(event, shape) {
      if (event.ctrlKey || event.metaKey || this.isDrawing) return;
      if (shape.id !== this.chosen && (ARROWS[event.key] || event.key === "Delete")) return;
      if (this.changeKey(event)) event.preventDefault();
    },
    viewKey(event) {
      const tool = TOOLS.find((each) => each.key === event.key.toLowerCase());
      if (tool && !event.altKey) this.take(tool.id);
      else if (event.key === "+" || event.key === "=") this.zoomBy(1.5);
      else if (event.key === "-") this.zoomBy(1 / 1.5);
      else if (event.key === "0") this.fit();
      else return false;
      return true;
    },
    stepOf(event) {
      return event.shiftKey ? 0.05 : event.altKey ? 0.001 : 0.01;
    },
    drawKey(event) {
      const arrow = ARROWS[event.key];
      if (arrow) {
        const step = this.stepOf(event);
        const [x, y] = this.cursor ?? this.draft.at(-1) ?? [0.5, 0.5];
        // Without the tails of binary fractions, so that the same place is the same.
        const to = (value) => Math.round(clamp(value, 0, 1) * 1e4) / 1e4;
        this.cursor = [to(x + arrow[0] * step), to(y + arrow[1] * step)];
        this.reveal(this.cursor);
        this.tell(this.spot(this.cursor));
      } else if (event.key === "Enter" || event.key === " ") {
        this.lastPointer = "keys";
        this.cursor ??= [0.5, 0.5];
        this.addPoint([...this.cursor]);
      } else if (event.key === "Backspace" || event.key === "Delete") this.takeBack();
      else if (event.key === "Escape") this.take("select");
      else return false;
      return true;
    },
    changeKey(event) {
      const arrow = ARROWS[event.key];
      if (arrow && this.picked) {
        const step = this.stepOf(event) / 2;
        this.moveBy(arrow[0] * step, arrow[1] * step);
      } else if (event.key === "." || event.key === "PageDown") this.nextCorner(1);
      else if (event.key === "," || event.key === "PageUp") this.nextCorner(-1);
      else if (event.key === "Insert" || event.key === "i") this.insert();
      else if (event.key === "f") this.flip();
      else if (event.key === "Delete" || event.key === "Backspace") {
        if (this.corner !== null && this.picked?.kind !== "gate" && this.picked?.points.length > 3) this.removeCorner();
        else this.remove();
      } else if (event.key === "Escape") {
        if (this.corner !== null) this.corner = null;
        else this.choose(null);
      } else return false;
      return true;
    },

    // Drawing

    spot(point) {
      return `${percent(point[0])} % from left, ${percent(point[1])} % from top`;
    },
    called(shape) {
      const kind = KINDS[shape.kind];
      return shape.name.startsWith(kind) ? shape.name : `${kind} ${shape.name}`;
    },
    pointName(shape, index) {
      if (shape.kind === "gate") return ["First end", "Second end", "Inside"][index];
      return `Corner ${index + 1}`;
    },
    classOf(shape) {
      return [`ze-${shape.kind}`, { "is-chosen": shape.id === this.chosen, "is-wrong": shape.problems.length }];
    },
    dots(points) {
      return points.map(([x, y]) => `${x * this.width},${y * this.height}`).join(" ");
    },
    line(shape) {
      const [a, b] = shape.points;
      return { x1: a[0] * this.width, y1: a[1] * this.height, x2: b[0] * this.width, y2: b[1] * this.height };
    },
    arrow(shape) {
      // From the middle of the line at a right angle to it, on the side where cars are inside.
      const { x1, y1, x2, y2 } = this.line(shape);
      const [ix, iy] = [shape.points[2][0] * this.width, shape.points[2][1] * this.height];
      const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2];
      const length = Math.hypot(x2 - x1, y2 - y1) || 1;
      const side = Math.sign((x2 - x1) * (iy - y1) - (y2 - y1) * (ix - x1)) || 1;
      const [nx, ny] = [(-side * (y2 - y1)) / length, (side * (x2 - x1)) / length];
      const [long, head] = [30 * this.unit, 9 * this.unit];
      const [tx, ty] = [mx + nx * long, my + ny * long];
      const wing = (way) => `${tx - nx * head + way * ny * head},${ty - ny * head - way * nx * head}`;
      return `M${mx},${my}L${tx},${ty}M${wing(1)}L${tx},${ty}L${wing(-1)}`;
    },
    labelAt(shape) {
      const points = shape.points;
      if (shape.kind === "gate") {
        const { x1, y1, x2, y2 } = this.line(shape);
        return y1 < y2 ? [x1, y1 - 8 * this.unit] : [x2, y2 - 8 * this.unit];
      }
      if (shape.kind === "zone") {
        // At its upper left corner, so that the names of bays stay free.
        const [x, y] = points.reduce((best, point) => (point[0] + point[1] < best[0] + best[1] ? point : best));
        return [x * this.width + 6 * this.unit, Math.max(y * this.height - 6 * this.unit, 14 * this.unit)];
      }
      const sum = points.reduce(([sx, sy], [x, y]) => [sx + x, sy + y], [0, 0]);
      return [(sum[0] / points.length) * this.width, (sum[1] / points.length) * this.height + 4 * this.unit];
    },
  },
};
