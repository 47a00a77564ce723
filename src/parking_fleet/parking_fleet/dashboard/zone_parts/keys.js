// Everything without a mouse.

import { clamp } from "./numbers.js";
import { TOOLS } from "./words.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const keys = {
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
};
