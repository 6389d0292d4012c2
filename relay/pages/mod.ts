/** The relay's own pages: the landing page, the dashboard's files, downloads, metrics. @module */

export { DashboardFiles } from "./dashboard_files.ts";
export { Downloads } from "./downloads.ts";
export { metricsPage, type MetricsPageOptions } from "./metrics_page.ts";
export { OwnPages, type PageHandler } from "./own_pages.ts";
export { staticText } from "./static_text.ts";
