/** The log: requests as they come, and those that came before. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import { apiAddress, withQuery } from "../api.js";
import { number, timeOf } from "../format.js";
import { COLUMNS } from "../log/columns.js";
import { Details } from "../log/details.js";
import { FilterBox } from "../log/filter_box.js";
import { List } from "../log/list.js";
import { Nothing, Searching } from "../log/nothing.js";
import { Tail } from "../log/tail.js";
import { termsOf, toggleTerm } from "../log/terms.js";
import { Icon } from "../parts/icon.js";
import { Empty, Failure, Loading } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { Chooser, useChosen } from "../parts/table.js";
import { useResource } from "../resource.js";
import { go, hrefWith, query, setQuery } from "../route.js";
import { seesAll } from "../session.js";

/** @import { ListView, NameView } from "../../relay/api/mod.ts" */

const CHIPS = {
  "5xx": "status:5xx",
  "4xx": "status:4xx",
  "> 500 ms": "ms:>500",
  POST: "method:POST",
};

/** What the address asks for. */
function useWanted() {
  const of = (/** @type {string} */ key) => query.value.get(key) ?? "";
  const [filter, since, until] = [of("filter"), of("since"), of("until")];
  return useMemo(() => ({ filter, since, until }), [filter, since, until]);
}

/** The log's address with other parameters. @param {Record<string, string | null>} parameters */
function place(parameters) {
  const { filter, since, until, open } = Object.fromEntries(query.value);
  return hrefWith(["log"], { filter, since, until, open, ...parameters });
}

export default function Log() {
  const wanted = useWanted();
  const { filter, since, until } = wanted;
  const tail = useMemo(() => new Tail(wanted), [wanted]);
  useEffect(() => {
    tail.start();
    return () => tail.stop();
  }, [tail]);
  tail.changed.value;
  const isPaused = useSignal(false);
  const columns = useMemo(
    () => COLUMNS.filter(({ key }) => seesAll.value || key !== "account"),
    [],
  );
  const { chosen, shown } = useChosen("log", columns);
  const { rows, error, complaint } = tail;

  const id = query.value.get("open");
  tail.isPaused = isPaused.value || id !== null;
  useEffect(() => tail.mark(), [tail.isPaused]);
  const open = id === null ? null : rows.find(id);
  const row = open === null ? undefined : rows.at(open);
  const show = (/** @type {string | null} */ one) =>
    go(place({ open: one }), { replace: id !== null });
  /** @param {number} step */
  const onstep = (step) => {
    for (let at = (open ?? NaN) - step; at <= rows.front && at >= rows.oldest; at -= step) {
      const next = rows.at(at);
      if (next?.kind === "request") return show(next.id);
    }
  };
  const onfilter = (/** @type {string} */ text) => setQuery({ filter: text, open: null });
  usePauseKey(isPaused);
  useEffect(() => {
    if (!query.value.has("search")) return;
    setQuery({ search: null }, { replace: true });
    /** @type {HTMLElement | null} */ (document.querySelector("[data-search]"))?.focus();
  }, []);

  const isOver = until !== "" && tail.state === "still";
  return html`
    <div class="log" data-state=${tail.state}>
      <${Tools} wanted=${wanted} complaint=${complaint} onfilter=${onfilter}>
        ${!isOver && html`
          <button type="button" aria-pressed=${isPaused.value} title="Pause (p)"
            onClick=${() => isPaused.value = !isPaused.value}>
              <${Icon} name=${isPaused.value ? "play" : "pause"} />${isPaused.value
                ? "Go on"
                : "Pause"}</button>
        `}
        <${Export} wanted=${wanted} />
        <${Chooser} id="log" columns=${columns} chosen=${chosen} />
      </${Tools}>
      <div class="row log-chips">
        ${Object.entries(CHIPS).map(([title, one]) =>
          html`
            <button type="button" key=${one} class="chip" aria-pressed=${termsOf(filter).includes(
              one,
            )}
              onClick=${() => onfilter(toggleTerm(filter, one))}>${title}</button>
          `
        )}
        ${(since !== "" || until !== "") && html`
          <button type="button" class="chip" aria-pressed="true"
            onClick=${() => setQuery({ since: null, until: null, open: null })}>
              ${since && timeOf(since)} – ${until &&
                timeOf(until)} ×<span class="unseen">All times</span>
            </button>
        `}
        <span class="grow" />
        ${tail.state === "lost" && html`<${Badge} kind="bad">interrupted</${Badge}>`}
        ${isPaused.value && html`<${Badge} kind="warn">paused</${Badge}>`}
        <span class="soft small">${rows.length > 0 &&
          `${number(rows.length)}${tail.isWhole ? "" : "+"} requests`}</span>
      </div>
      <div class="log-body">
        ${rows.waiting > 0 && tail.isHeld && html`
          <button type="button" class="primary log-new" onClick=${() => {
            tail.release();
            const list = document.querySelector(".log-list");
            if (list) list.scrollTop = 0;
          }}>${number(rows.waiting)} new</button>
        `}
        ${!tail.isLoaded
          ? error === null
            ? html`<${Loading} rows=${12} />`
            : complaint === ""
            ? html`<${Failure} error=${error} retry=${() => tail.start()} />`
            : html`
              <${Empty} title="That filter cannot be read">
                Say <code>key:value</code>, <code>-key:value</code> for what it shall not be, and words of the path,
                as in <code>status:4xx,5xx -method:GET ip:10.0.0.0/8 ms:>500 login</code></${Empty}>
            `
          : rows.length === 0
          ? tail.isWhole
            ? html`<${Nothing} isAsked=${filter + since + until !== ""} />`
            : html`<${Searching} tail=${tail} />`
          : html`
            <${List} tail=${tail} columns=${shown} open=${open}
              linkTo=${(/** @type {string | null} */ one) => place({ open: one })}
              further=${further(tail)} />
          `}
      </div>
      ${id !== null && html`
        <${Details} id=${id} row=${row?.kind === "request" ? row : undefined} onstep=${onstep}
          onclose=${() => show(null)}
          filterBy=${(/** @type {string} */ one) =>
            place({
              open: null,
              filter: termsOf(filter).includes(one) ? filter : `${filter} ${one}`.trim(),
            })} />
      `}
    </div>
  `;
}

/** `p` pauses and goes on. @param {import("@preact/signals").Signal<boolean>} isPaused */
function usePauseKey(isPaused) {
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    const onkey = (event) => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (event.key !== "p" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]") === null) isPaused.value = !isPaused.value;
    };
    addEventListener("keydown", onkey);
    return () => removeEventListener("keydown", onkey);
  }, []);
}

/**
 * @param {{ wanted: { filter: string }, complaint: string, onfilter: (filter: string) => void, children: any }} props
 */
function Tools({ wanted, complaint, onfilter, children }) {
  /** @type {{ data: ListView<NameView> | undefined }} */
  const { data } = useResource("/names?limit=200", { on: ["name"] });
  const known = useMemo(() => ({
    name: data?.items.map(({ name }) => name) ?? [],
    account: [...new Set(data?.items.map(({ account }) => account))],
  }), [data]);
  return html`
    <div class="tools">
      <${FilterBox} filter=${wanted
        .filter} complaint=${complaint} known=${known} onfilter=${onfilter} />
      ${children}
    </div>
  `;
}

/** All that the filter shows, as a file. @param {{ wanted: Record<string, string> }} props */
function Export({ wanted }) {
  return ["csv", "ndjson"].map((format) =>
    html`
      <a key=${format} class="button" download title="Download all that is shown here"
        href=${apiAddress(withQuery("/requests/export", { format, ...wanted }))}>
          <${Icon} name="download" />${format.toUpperCase()}</a>
    `
  );
}

/** The address of what is older than all that is here. @param {Tail} tail */
function further({ rows }) {
  const oldest = rows.at(rows.oldest);
  return place({ open: null, until: oldest ? new Date(oldest.time + 1).toISOString() : null });
}
