// The cards of the fleet page: drawn once, then only what changed is patched in. Searching and sorting need
// no server, and the keyboard's focus stays where it is.

const ORDERS = {
  name: (a, b) => a.title.localeCompare(b.title, "en", { numeric: true }),
  free: (a, b) => a.free - b.free || ORDERS.name(a, b),
  trouble: (a, b) => b.has_trouble - a.has_trouble || b.devices_away - a.devices_away || ORDERS.name(a, b),
};
const TOOLS_FROM = 7;

export default {
  template: `
    <div>
      <ul class="tiles" aria-label="The whole fleet">
        <li v-for="tile in allTiles" class="tile">
          <strong>{{ tile.value }}</strong>
          <span><template v-if="tile.is_warning">⚠ </template>{{ tile.text }}</span>
        </li>
      </ul>
      <div v-if="hasTools" class="tools" role="search">
        <label class="field">Search
          <input type="search" v-model="wanted" autocomplete="off" spellcheck="false">
        </label>
        <label class="field">Order
          <select v-model="order">
            <option value="name">by name</option>
            <option value="free">fewest free first</option>
            <option value="trouble">trouble first</option>
          </select>
        </label>
        <label class="field check"><input type="checkbox" v-model="onlyTrouble"> Only with trouble</label>
        <span class="muted" role="status">{{ shown.length }} of {{ total }} shown</span>
      </div>
      <p v-if="!shown.length" class="muted">No facility matches. Change the search to see more.</p>
      <ul class="cards">
        <li v-for="card in shown" :key="card.id" v-memo="[card]">
          <article class="card" :data-facility="card.id">
            <header>
              <h2><a :href="'/facility/' + encodeURIComponent(card.id)">{{ card.title }}</a></h2>
              <span class="tag">{{ card.is_open ? "Open" : "Closed" }}</span>
            </header>
            <div class="top">
              <div>
                <div class="big">{{ card.number }} <small>{{ card.unit }}</small></div>
                <p class="bounds">{{ card.bounds }}</p>
              </div>
              <div v-if="card.trend_text" class="trend" role="img" :aria-label="card.trend_text">
                <svg viewBox="0 0 132 40" preserveAspectRatio="none" aria-hidden="true">
                  <path class="area" :d="area(card.trend)"></path>
                  <path class="line" :d="line(card.trend)"></path>
                </svg>
                occupied, 12 h
              </div>
            </div>
            <div v-if="card.bar_text">
              <div class="bar" role="img" :aria-label="card.bar_text">
                <span v-for="part in parts(card)" :class="'is-' + part.name" :style="{ width: part.width }"></span>
              </div>
              <ul class="legend" aria-hidden="true">
                <li v-for="part in parts(card)"><i class="swatch" :class="'is-' + part.name"></i>{{ part.text }}</li>
              </ul>
            </div>
            <footer>
              <span :class="{ tag: card.devices_away, warn: card.devices_away }">
                <template v-if="card.devices_away">⚠ </template>{{ card.devices }}</span>
              <span v-if="card.blind" class="tag warn">⚠ {{ card.blind }}</span>
              <span v-if="card.disputed" class="tag warn">≠ {{ card.disputed }}</span>
              <span v-if="card.gates">{{ card.gates }}</span>
            </footer>
          </article>
        </li>
      </ul>
    </div>`,
  props: { cards: Array, tiles: Array },
  data() {
    return {
      byId: new Map(this.cards.map((card) => [card.id, card])),
      allTiles: this.tiles,
      wanted: "",
      order: "name",
      onlyTrouble: false,
    };
  },
  computed: {
    total() {
      return this.byId.size;
    },
    hasTools() {
      return this.total >= TOOLS_FROM;
    },
    shown() {
      const words = this.wanted.toLowerCase().split(/\s+/).filter(Boolean);
      return [...this.byId.values()]
        .filter((card) => words.every((word) => card.title.toLowerCase().includes(word)))
        .filter((card) => !this.onlyTrouble || card.has_trouble)
        .sort(ORDERS[this.order]);
    },
  },
  methods: {
    patch(cards, tiles) {
      for (const card of cards) this.byId.set(card.id, card);
      this.allTiles = tiles;
    },
    parts(card) {
      const all = card.free + card.occupied + card.unknown;
      return ["free", "occupied", "unknown"]
        .filter((name) => card[name])
        .map((name) => ({
          name,
          width: `${(100 * card[name]) / all}%`,
          text: `${card[name].toLocaleString("en")} ${name}`,
        }));
    },
    line(trend) {
      let path = "";
      let isDrawing = false;
      trend.forEach((share, index) => {
        if (share !== null) path += `${isDrawing ? "L" : "M"}${x(index, trend)},${y(share)}`;
        isDrawing = share !== null;
      });
      return path;
    },
    area(trend) {
      let path = "";
      trend.forEach((share, index) => {
        if (share === null) return;
        if (trend[index - 1] == null) path += `M${x(index, trend)},40L`;
        path += `${x(index, trend)},${y(share)} `;
        if (trend[index + 1] == null) path += `${x(index, trend)},40Z`;
      });
      return path;
    },
  },
};

function x(index, trend) {
  return ((132 * index) / (trend.length - 1)).toFixed(1);
}

function y(share) {
  return (38 - 36 * share).toFixed(1);
}
