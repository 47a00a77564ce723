// The table of all devices: searched and sorted here, patched row by row.

const COLUMNS = [
  { key: "name", text: "Device" },
  { key: "place", text: "Place" },
  { key: "standing_text", text: "Standing", by: (row) => row.standing_order },
  { key: "last_ms", text: "Last message" },
  { key: "problems_text", text: "To look at", by: (row) => -row.problems.length },
  { key: "model", text: "Model" },
  { key: "dropped", text: "Given up" },
  { key: "clock", text: "Clock" },
];
const SIGNS = { up: "●", silent: "◌", offline: "✕", new: "○" };
const TICK_MS = 5000;
const AT_ONCE = 100;

export default {
  template: `
    <div>
      <div class="tools" role="search">
        <label class="field">Search
          <input type="search" v-model="wanted" autocomplete="off" spellcheck="false">
        </label>
        <label class="field">Standing
          <select v-model="standing">
            <option value="">all</option>
            <option value="up">heard</option>
            <option value="silent">silent</option>
            <option value="offline">offline</option>
            <option value="new">no count yet</option>
            <option value="trouble">anything to look at</option>
          </select>
        </label>
        <label class="field narrow-only">Order
          <select v-model="order"><option v-for="column in columns" :value="column.key">{{ column.text }}</option></select>
        </label>
        <span class="muted" role="status">{{ found.length.toLocaleString("en") }} of {{ byId.size.toLocaleString("en") }} devices</span>
      </div>
      <div class="panel table-box">
        <table class="list stacks">
          <caption class="sr-only">All devices</caption>
          <thead>
            <tr>
              <th v-for="column in columns" scope="col" :aria-sort="sortOf(column)">
                <button type="button" @click="sortBy(column)">{{ column.text }}
                  <span aria-hidden="true">{{ column.key === order ? (isDown ? "▼" : "▲") : "" }}</span></button>
              </th>
            </tr>
          </thead>
          <tbody>
            <tr v-for="row in shown" :key="row.uuid" v-memo="[row, age(row)]" :data-device="row.uuid">
              <th scope="row"><a :href="'/device/' + encodeURIComponent(row.uuid)">{{ row.name }}</a>
                <span v-if="row.other_name" class="muted small">{{ row.other_name }}</span></th>
              <td data-name="Place">{{ row.place || "–" }}</td>
              <td data-name="Standing"><span class="tag" :class="{ warn: row.standing !== 'up' && row.standing !== 'new' }">
                <span aria-hidden="true">{{ signs[row.standing] }}</span> {{ row.standing_text }}</span></td>
              <td data-name="Last message">{{ age(row) }}</td>
              <td data-name="To look at">{{ row.problems_text || "–" }}</td>
              <td data-name="Model">{{ row.model || "–" }}</td>
              <td data-name="Given up">{{ row.dropped.toLocaleString("en") }}</td>
              <td data-name="Clock">{{ row.clock }}</td>
            </tr>
            <tr v-if="!found.length"><td colspan="8">No device matches. Change the search to see more.</td></tr>
          </tbody>
        </table>
      </div>
      <p v-if="found.length > most"><button type="button" class="quiet" @click="most += 400">
        Show more: {{ (found.length - most).toLocaleString("en") }} are not shown</button></p>
    </div>`,
  props: { rows: Array, now_ms: Number },
  data() {
    return {
      byId: new Map(this.rows.map((row) => [row.uuid, row])),
      columns: COLUMNS,
      signs: SIGNS,
      ahead_ms: this.now_ms - Date.now(),
      present_ms: this.now_ms,
      wanted: "",
      standing: "",
      order: "name",
      isDown: false,
      most: AT_ONCE,
    };
  },
  mounted() {
    this.ticking = setInterval(this.tick, TICK_MS);
  },
  beforeUnmount() {
    clearInterval(this.ticking);
  },
  computed: {
    found() {
      const words = this.wanted.toLowerCase().split(/\s+/).filter(Boolean);
      const column = COLUMNS.find((each) => each.key === this.order);
      const value = column.by ?? ((row) => row[column.key]);
      const sign = this.isDown ? -1 : 1;
      return [...this.byId.values()]
        .filter((row) => words.every((word) => row.text.includes(word)))
        .filter((row) => !this.standing || this.isOf(row))
        .sort((a, b) => sign * compare(value(a), value(b)) || compare(a.name, b.name));
    },
    shown() {
      return this.found.slice(0, this.most);
    },
  },
  methods: {
    patch(rows, now_ms) {
      for (const row of rows) this.byId.set(row.uuid, row);
      this.ahead_ms = now_ms - Date.now();
      this.tick();
    },
    tick() {
      this.present_ms = Date.now() + this.ahead_ms;
    },
    isOf(row) {
      return this.standing === "trouble"
        ? row.problems.length || ["silent", "offline"].includes(row.standing)
        : row.standing === this.standing;
    },
    sortBy(column) {
      this.isDown = this.order === column.key && !this.isDown;
      this.order = column.key;
    },
    sortOf(column) {
      return column.key === this.order ? (this.isDown ? "descending" : "ascending") : undefined;
    },
    age(row) {
      if (!row.last_ms) return "never";
      const age_s = Math.max(this.present_ms - row.last_ms, 0) / 1000;
      if (age_s < 10) return "just now";
      if (age_s < 60) return `${Math.floor(age_s / 10) * 10} s ago`;
      if (age_s < 3600) return `${Math.floor(age_s / 60)} min ago`;
      if (age_s < 172800) return `${Math.floor(age_s / 3600)} h ago`;
      return `${Math.floor(age_s / 86400)} days ago`;
    },
  },
};

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
