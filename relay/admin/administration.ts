/** Everything by which a relay is administered: the API, the dashboard's pages, `--admin`, the control socket. @module */

import {
  type Connection,
  HttpServer,
  type ServerLimits,
  type ServerOptions,
} from "../../http/mod.ts";
import type { ApiContext } from "../api/mod.ts";
import { ApiDoor } from "./api_door.ts";
import { ControlSocket } from "./control_socket.ts";
import { DashboardFiles, type OwnPages } from "../pages/mod.ts";
import { ownFront } from "./own_front.ts";
import type { OwnHosts } from "../visitors/reach/mod.ts";
import type { LiveSettings } from "../store/mod.ts";
import type { Router, TrustedProxies } from "../visitors/mod.ts";

export interface AdministrationOptions {
  readonly context: ApiContext;
  readonly settings: LiveSettings<"publicUrl" | "domain">;
  readonly router: Router;
  /** Where `/admin` and `/api` are added: the visitors' pages, or those of `--admin`. */
  readonly pages: OwnPages;
  readonly proxies: TrustedProxies;
  readonly hosts: OwnHosts;
  /** For the listener of `--admin`. */
  readonly server: Pick<ServerOptions, "refuse" | "limits" | "closed" | "nextId">;
}

export class Administration implements AsyncDisposable {
  readonly #context: ApiContext;
  readonly #door: ApiDoor;
  readonly #dashboard = new DashboardFiles();
  readonly #server: HttpServer;
  #control: ControlSocket | null = null;

  constructor(
    { context, settings, router, pages, proxies, hosts, server }: AdministrationOptions,
  ) {
    this.#context = context;
    this.#door = new ApiDoor({ context, settings });
    pages.set("api", this.#door.answer);
    pages.set("admin", this.#dashboard.answer);
    pages.set("static", this.#dashboard.answer);
    this.#server = new HttpServer({
      ...server,
      handle: ownFront(router, { pages, proxies, hosts }),
    });
  }

  /** Takes a connection to the listener of `--admin`. */
  accept(connection: Connection): void {
    this.#server.accept(connection);
  }

  /** See `HttpServer.limits`. */
  set limits(limits: ServerLimits) {
    this.#server.limits = limits;
  }

  /** Event streams of the API that are open. */
  get eventStreams(): number {
    return this.#door.eventStreams();
  }

  /** Connections to that listener. */
  get connections(): number {
    return this.#server.size;
  }

  /** Opens the control socket. From then on no file of the program is needed. */
  async open(): Promise<void> {
    this.#dashboard.hold();
    const { dir, log } = this.#context;
    this.#control = await ControlSocket.open(dir, {
      log,
      answer: (exchange) => this.#door.answerShell(exchange),
    });
  }

  /** Ends what would not end by itself, and lets the rest finish for `time` ms; the control socket stays. */
  async drain(time: number): Promise<void> {
    this.#door[Symbol.dispose]();
    await this.#server.drain(time);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
    await this.#control?.[Symbol.asyncDispose]();
    this.#context.reader?.[Symbol.dispose]();
  }
}
