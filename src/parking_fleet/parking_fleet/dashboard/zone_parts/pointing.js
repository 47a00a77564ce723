// What mouse and fingers do. A drag is drawn here alone, and told when it ends.

import { clamp } from "./numbers.js";

const SNAP_PX = 10;
const CLOSE_PX = 14;
const SLIP_PX = 4;

export const pointing = {
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
};
