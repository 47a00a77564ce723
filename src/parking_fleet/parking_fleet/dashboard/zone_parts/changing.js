// Change the shape that is chosen.

import { clamp } from "./numbers.js";

export const changing = {
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
};
