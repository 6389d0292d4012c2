/** The log's rows, of which only those are there that one sees. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { counted } from "../format.js";
import { go } from "../route.js";
import { MOST } from "./rows.js";

/** @import { Column } from "./columns.js" */
/** @import { Row } from "./rows.js" */
/** @import { Tail } from "./tail.js" */

/** Rows beyond what one sees, on both sides. */
const MARGIN = 6;
/** Older rows are fetched when so many are left. */
const AHEAD = 60;
/** Of the headings, px. */
const HEAD = 32;
const phone = matchMedia("(max-width: 719px)");

/**
 * @param {object} props
 * @param {Tail} props.tail
 * @param {readonly Column[]} props.columns
 * @param {number | null} props.open the place of the row whose details are shown
 * @param {(id: string | null) => string} props.linkTo the address of a request's details
 * @param {string} props.further the address of what is older than all that fits in here
 */
export function List({ tail, columns, open, linkTo, further }) {
  tail.changed.value;
  const { rows } = tail;
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const view = useSignal({ top: 0, height: 800, isPhone: phone.matches });
  const active = useSignal(/** @type {number | null} */ (null));
  const isHovered = useRef(false);
  const size = view.value.isPhone ? 52 : 32;
  const last = open ?? active.value;

  useEffect(() => {
    tail.isRead = () =>
      isHovered.current || (box.current?.scrollTop ?? 0) > 0 ||
      (active.value !== null && box.current?.matches(":focus-visible") === true);
    return () => tail.isRead = () => false;
  }, [tail]);

  useEffect(() => {
    const around = box.current?.parentElement;
    // The button that says how many are new lies over the rows: who goes there is still reading.
    const look = (/** @type {PointerEvent} */ { type, target }) => {
      const wasHovered = isHovered.current;
      isHovered.current = type === "pointerover" &&
        /** @type {Element} */ (target).closest(".log-rows, .log-new") !== null;
      if (wasHovered && !isHovered.current) tail.mark();
    };
    around?.addEventListener("pointerover", look);
    around?.addEventListener("pointerleave", look);
    return () => {
      around?.removeEventListener("pointerover", look);
      around?.removeEventListener("pointerleave", look);
    };
  }, [tail]);

  const measure = () => {
    const { scrollTop: top = 0, clientHeight: height = 0 } = box.current ?? {};
    view.value = { top, height, isPhone: phone.matches };
    // Back at the top, what waits may come.
    if (top === 0) tail.mark();
  };
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(measure);
    if (box.current) watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  // What was opened is where one goes on from.
  useEffect(() => {
    if (open === null) return;
    active.value = open;
    reveal(open);
    return () => document.activeElement === document.body && box.current?.focus();
  }, [open]);

  /** @param {number} place */
  const reveal = (place) => {
    const list = box.current;
    if (list === null) return;
    const at = (rows.front - place) * size;
    const room = list.clientHeight - HEAD - size;
    if (at < list.scrollTop) list.scrollTop = at;
    else if (at > list.scrollTop + room) list.scrollTop = at - room;
  };

  /** @param {KeyboardEvent} event */
  const onkey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || open !== null) return;
    const page = Math.max(1, Math.floor((view.value.height - HEAD) / size) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    const at = last === null ? -1 : rows.front - last;
    const end = rows.length - 1;
    if (step !== undefined) {
      move(last === null ? Math.floor(view.value.top / size) : at + step);
    } else if (event.key === "Home") move(0);
    else if (event.key === "End") move(end);
    else if (event.key === "Escape" && last !== null) {
      active.value = null;
      tail.mark();
    } else if (event.key === "Enter" && last !== null) openRow(rows.at(last));
    else return;
    event.preventDefault();

    /** @param {number} to */
    function move(to) {
      if (end < 0) return;
      active.value = rows.front - Math.max(0, Math.min(end, to));
      reveal(active.value);
    }
  };

  /** @param {Row | undefined} row */
  const openRow = (row) => row?.kind === "request" && go(linkTo(row.id));

  /** @param {MouseEvent} event */
  const onclick = (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("a") || String(getSelection()) !== "") return;
    const row = target.closest("[data-place]");
    if (row instanceof HTMLElement) openRow(rows.at(Number(row.dataset.place)));
  };

  const begin = Math.max(0, Math.floor(view.value.top / size) - MARGIN);
  const seen = Math.ceil((view.value.top + view.value.height) / size);
  const until = Math.min(rows.length, seen + MARGIN);
  const isNearEnd = until > rows.length - AHEAD;
  useEffect(() => {
    // What failed is tried again by the reader, not by itself.
    if (isNearEnd && tail.error === null) tail.more();
  });

  // Lines are kept by where they are: texts change in place, which costs half of making them anew.
  const shown = [];
  const made = useRef({ by: "", cells: new Map() });
  const by = `${columns.map(({ key }) => key)} ${linkTo(null)}`;
  const before = made.current.by === by ? made.current.cells : new Map();
  const cells = new Map();
  for (let at = begin; at < until; at++) {
    const place = rows.front - at;
    const row = rows.at(place);
    if (row === undefined) continue;
    // The same object says that there is nothing to compare.
    const known = before.get(place);
    const view = known?.row === row ? known : {
      row,
      inner: html`<${Cells} row=${row} columns=${columns} linkTo=${linkTo} />`,
    };
    cells.set(place, view);
    shown.push(html`
      <div key=${at - begin} id=${`row${place}`} class=${`line ${place === last ? "selected" : ""}`}
        role="row" aria-rowindex=${at + 2} aria-selected=${place === last}
        data-place=${place}>${view.inner}</div>
    `);
  }
  made.current = { by, cells };

  const tracks = columns.map(({ room }) => room).join(" ");
  return html`
    <div class="log-list" role="grid" aria-label="Requests" tabindex="0" ref=${box}
      aria-rowcount=${tail.isWhole ? rows.length + 1 : -1} aria-colcount=${columns.length}
      aria-activedescendant=${last === null ? null : `row${last}`}
      style=${{ "--tracks": tracks }} onScroll=${measure} onKeyDown=${onkey} onClick=${onclick}>
      <div role="rowgroup" class="log-head">
        <div role="row" aria-rowindex="1" class="line">${columns.map(({ key, title }) =>
          html`<span key=${key} role="columnheader" class=${`c-${key}`}>${title}</span>`
        )}</div>
      </div>
      <div role="rowgroup" class="log-rows" style=${{ height: `${(rows.length + 1) * size}px` }}>
        <div role="presentation" style=${{ transform: `translateY(${begin * size}px)` }}>
          ${shown}
          ${until === rows.length && html`
            <div key="end" class="line gap" role="row" aria-rowindex=${rows.length + 2}>
              <span role="gridcell"><${End} tail=${tail} further=${further} /></span></div>
          `}
        </div>
      </div>
    </div>
  `;
}

/** @param {{ row: Row, columns: readonly Column[], linkTo: (id: string) => string }} props */
function Cells({ row, columns, linkTo }) {
  if (row.kind === "gap") {
    return html`<span role="gridcell" class="missed" aria-colspan=${columns.length}>${
      row.missed === null
        ? "Some requests are not shown here"
        : `${counted(row.missed, "request")} ${
          row.missed === 1 ? "was" : "were"
        } left out of the log`
    }</span>`;
  }
  return columns.map(({ key, cell }) =>
    html`
      <span key=${key} role="gridcell" class=${`c-${key}`}>${key === "target"
        ? html`<a href=${linkTo(row.id)} tabindex="-1">${cell(row)}</a>`
        : cell(row)}</span>
    `
  );
}

/** What comes after the oldest row. @param {{ tail: Tail, further: string }} props */
function End({ tail, further }) {
  if (tail.error) {
    return html`
      <span class="wrong">${tail.error.message}</span>
      <button type="button" class="quiet" onClick=${() => tail.more()}>Try again</button>
    `;
  }
  if (tail.rows.isFull) {
    return html`
      ${counted(MOST, "request")} are here at most. <a href=${further}>Show older ones</a>
    `;
  }
  return tail.isWhole ? "That is all" : "Reading older ones …";
}
