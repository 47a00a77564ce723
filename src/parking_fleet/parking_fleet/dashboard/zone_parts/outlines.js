// Where lines, arrows and names of shapes are, in pixels of the picture.

import { percent } from "./numbers.js";
import { KINDS } from "./words.js";

export const outlines = {
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
};
