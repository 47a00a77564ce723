// What is shown: tools, picture with what is drawn on it, details and list.

export const TEMPLATE = `
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
          <text v-for="shape in named" :key="shape.id" :x="shape.at[0]" :y="shape.at[1]" :text-anchor="shape.kind === 'bay' ? 'middle' : 'start'" :stroke-width="3 * unit"
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
`;
