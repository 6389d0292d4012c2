/** Tables: columns that the reader chooses, sorted by a click, walked by the arrow keys; two-line rows on a phone. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import { counted } from "../format.js";
import { recall, remember } from "../memory.js";
import { Icon } from "./icon.js";

/** So many rows at first, and with each "more": a page of thousands would be slow, and not read. */
const STEP = 200;

/**
 * @template T
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {(row: T) => any} cell
 * @property {(row: T) => string | number} [sort] what it is sorted by; without, it cannot be
 * @property {boolean} [number] on the right
 * @property {boolean} [wide] takes what room there is
 * @property {boolean} [hidden] unless the reader asks for it
 * @property {boolean} [fixed] always there
 */

/**
 * @template T
 * @param {object} props
 * @param {string} props.id what the browser remembers the chosen columns by
 * @param {string} props.label
 * @param {readonly Column<T>[]} props.columns
 * @param {readonly T[]} props.rows
 * @param {(row: T) => string} props.keyOf
 * @param {(row: T) => string} [props.link] where a row leads; its first cell is the link
 * @param {string} [props.selected] the key of the row whose details are shown
 * @param {(row: T) => any} [props.actions] buttons at the end of a row
 * @param {string} [props.sorted] the column that rows are sorted by at first, with "-" in front for the largest first
 */
export function Table({ id, label, columns, rows, keyOf, link, selected, actions, sorted = "" }) {
  const order = useSignal(sorted);
  const { chosen, shown } = useChosen(id, columns);
  const first = shown[0]?.key;
  const most = useSignal(STEP);
  const isRead = useRef(false);
  const before = useRef({ by: "", keys: /** @type {string[]} */ ([]) });
  let body = sortRows(rows, columns, order.value);
  // While the pointer is over them, rows stay where they are, whatever becomes of the values they are sorted by.
  if (isRead.current && before.current.by === order.value) {
    body = keepPlaces(body, keyOf, before.current.keys);
  }
  before.current = { by: order.value, keys: body.map(keyOf) };
  const left = body.length - most.value;
  return html`
    <div class="table">
      <${Chooser} id=${id} columns=${columns} chosen=${chosen} />
      <table aria-label=${label} onKeyDown=${walk}>
        <thead>
          <tr>${shown.map((column) =>
            html`<${Heading} key=${column.key} column=${column} order=${order} />`
          )}${actions && html`<th><span class="unseen">Actions</span></th>`}</tr>
        </thead>
        <tbody onPointerEnter=${() => isRead.current = true}
          onPointerLeave=${() => isRead.current = false}>${body.slice(0, most.value).map((row) =>
            html`
              <tr key=${keyOf(row)} class=${keyOf(row) === selected ? "selected" : ""}
                onClick=${link && ((/** @type {MouseEvent} */ event) => openRow(event))}>
                        ${shown.map(({ key, title, cell, number, wide }) =>
                          html`<td key=${key} data-title=${title} class=${`${
                            number ? "number" : ""
                          } ${wide ? "wide" : ""}`}>
              ${
                            link && key === first
                              ? html`<a href=${link(row)}>${cell(row)}</a>`
                              : cell(row)
                          }</td>`
                        )}
                        ${actions && html`<td class="actions">${actions(row)}</td>`}
                      </tr>
            `
          )}</tbody>
      </table>
      ${left > 0 && html`
        <button type="button" class="more-rows" onClick=${() => most.value += STEP}>
          ${counted(left, "row")} more</button>
      `}
    </div>
  `;
}

/** A click anywhere in a row follows its link; one on a control or on selected text does not. @param {MouseEvent} event */
function openRow(event) {
  const target = /** @type {Element} */ (event.target);
  if (target.closest("a, button, input, select") || String(getSelection()) !== "") return;
  const link = target.closest("tr")?.querySelector("a");
  link?.click();
}

/** Up and down go from row to row. @param {KeyboardEvent} event */
function walk(event) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const row = /** @type {Element} */ (event.target).closest("tbody tr");
  if (step === 0 || row === null) return;
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  const link = next?.querySelector("a, button");
  if (!(link instanceof HTMLElement)) return;
  event.preventDefault();
  link.focus();
}

/** @param {{ column: Column<any>, order: import("@preact/signals").Signal<string> }} props */
function Heading({ column: { key, title, sort, number }, order }) {
  const direction = order.value === key
    ? "ascending"
    : order.value === `-${key}`
    ? "descending"
    : null;
  const turn = () => order.value = direction === "ascending" ? `-${key}` : key;
  return html`<th scope="col" class=${number ? "number" : ""} aria-sort=${direction}>
    ${
    sort
      ? html`
        <button type="button" class="sort"
          onClick=${turn}>${title}<span aria-hidden="true">${direction === "ascending"
            ? " ↑"
            : direction === "descending"
            ? " ↓"
            : ""}</span></button>
      `
      : title
  }
  </th>`;
}

/**
 * Which columns to show; `chosen` is what `useChosen` gives.
 * @param {{ id: string, columns: readonly { key: string, title: string, fixed?: boolean }[], chosen: Chosen }} props
 */
export function Chooser({ id, columns, chosen }) {
  const optional = columns.filter(({ fixed }) => !fixed);
  if (optional.length === 0) return null;
  /** @param {string} key */
  const toggle = (key) => {
    chosen.value = chosen.value.includes(key)
      ? chosen.value.filter((one) => one !== key)
      : [...chosen.value, key];
    remember(`columns.${id}`, chosen.value.join(" "));
  };
  return html`
    <details class="chooser">
      <summary class="quiet square"
        title="Columns"><${Icon} name="columns" /><span class="unseen">Columns</span></summary>
      <fieldset><legend>Columns</legend>
          ${optional.map(({ key, title }) =>
            html`<label key=${key}><input type="checkbox" checked=${chosen.value.includes(key)}
          onChange=${() => toggle(key)} /> ${title}</label>`
          )}
        </fieldset>
    </details>
  `;
}

/** @typedef {import("@preact/signals").Signal<string[]>} Chosen keys */

/**
 * The columns that the reader has chosen; remembered.
 * @template {{ key: string, hidden?: boolean, fixed?: boolean }} C
 * @param {string} id
 * @param {readonly C[]} columns
 */
export function useChosen(id, columns) {
  const kept = recall(`columns.${id}`);
  const chosen = useSignal(
    kept?.split(" ") ?? columns.filter(({ hidden }) => !hidden).map(({ key }) => key),
  );
  const shown = columns.filter(({ key, fixed }) => fixed || chosen.value.includes(key));
  return { chosen, shown };
}

/**
 * @param {readonly any[]} rows
 * @param {readonly Column<any>[]} columns
 * @param {string} order
 */
function sortRows(rows, columns, order) {
  const key = order.replace(/^-/, "");
  const by = columns.find((column) => column.key === key)?.sort;
  if (by === undefined) return rows;
  const sign = order.startsWith("-") ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    const way = typeof x === "string" ? x.localeCompare(String(y)) : x - Number(y);
    return way * sign;
  });
}

/**
 * Known rows in the order of `keys`, new ones after them.
 * @param {readonly any[]} rows
 * @param {(row: any) => string} keyOf
 * @param {readonly string[]} keys
 */
function keepPlaces(rows, keyOf, keys) {
  const places = new Map(keys.map((key, place) => [key, place]));
  const placeOf = (/** @type {any} */ row) => places.get(keyOf(row)) ?? keys.length;
  return [...rows].sort((a, b) => placeOf(a) - placeOf(b));
}
