// Look closer at a part of the picture.

import { clamp } from "./numbers.js";

const MOST_ZOOM = 16;

export const looking = {
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
};
