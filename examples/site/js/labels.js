/** Names on the chart: none on top of another, none over the rim. @module */

/** Collects names and draws those for which there is room, in the order of their weight. */
export class Labels {
  #g;
  #disc;
  #wanted = [];
  #taken = [];

  /** `disc` is `{ x, y, radius }`: a name that would leave it is moved or left out. */
  constructor(g, disc) {
    this.#g = g;
    this.#disc = disc;
  }

  /**
   * Asks for a name at `x`, `y`. With `beside` it stands that many pixels to the right, or to the
   * left where there is no room; without, it is centred. Earlier ones win; `first` wins over all.
   */
  add(text, { x, y, beside, font, colour, first = false }) {
    const label = { text, x, y, beside, font, colour };
    if (first) this.#wanted.unshift(label);
    else this.#wanted.push(label);
  }

  /** Keeps names off a disc that is drawn already. */
  keepFree({ x, y }, radius) {
    this.#taken.push({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius });
  }

  /** Draws what was asked for. */
  draw() {
    for (const { text, x, y, beside, font, colour } of this.#wanted) {
      this.#g.font = font;
      const width = this.#g.measureText(text).width;
      const height = Number.parseFloat(font.match(/([\d.]+)px/)[1]);
      const starts = beside === undefined ? [x - width / 2] : [x + beside, x - beside - width];
      const box = starts
        .map((left) => ({ left, right: left + width, top: y - height / 2, bottom: y + height / 2 }))
        .find((box) => this.#inside(box) && !this.#taken.some((other) => overlap(box, other)));
      if (!box) continue;
      this.#taken.push(box);
      this.#g.fillStyle = colour;
      this.#g.fillText(text, box.left, y + height * 0.32);
    }
  }

  #inside({ left, right, top, bottom }) {
    const { x, y, radius } = this.#disc;
    return [left, right].every((px) =>
      [top, bottom].every((py) => Math.hypot(px - x, py - y) < radius - 2)
    );
  }
}

function overlap(a, b) {
  const gap = 2;
  return a.left < b.right + gap && b.left < a.right + gap &&
    a.top < b.bottom && b.top < a.bottom;
}
