/** Reads options from flags, environment and configuration files, once and again. @module */

export { type Trouble, troubleText, unreadable } from "./check.ts";
export type { FileSettings } from "./config_file.ts";
export { ownUnreadableVariable } from "./environment.ts";
export { type Inputs, parseCommand, type Parsed } from "./parse.ts";
export { type PlainOptions, readOptions } from "./program_options.ts";
export type { Written } from "./resolver.ts";
export {
  defaultTexts,
  readSetting,
  type SettingText,
  type SettingType,
  settingType,
  showTexts,
} from "./setting_text.ts";
export { ownSurroundings } from "./surroundings.ts";
export { type WatchOptions, watchSettings } from "./watch_settings.ts";
