/** Owns the list of mappings that come with the product; the files say where their column names are from. */

import clockifyDetailed from '../../examples/mappings/clockify-detailed.json' with { type: 'json' };
import harvestDetailed from '../../examples/mappings/harvest-detailed.json' with { type: 'json' };
import sip from '../../examples/mappings/sip.json' with { type: 'json' };
import togglDetailed from '../../examples/mappings/toggl-detailed.json' with { type: 'json' };
import {
  type ImportMapping,
  type ImportMappingFile,
  type MappingSettings,
  readMapping,
  withSettings,
} from './mapping.ts';

const files: Readonly<Record<string, unknown>> = {
  'clockify-detailed': clockifyDetailed,
  'harvest-detailed': harvestDetailed,
  sip,
  'toggl-detailed': togglDetailed,
};

export const readyMappingNames: readonly string[] = Object.keys(files);

/** The ready mapping of that name with the settings laid over it, or null; throws `MappingInvalid` on a wrong setting. */
export function readyMapping(name: string, settings: MappingSettings = {}): ImportMapping | null {
  if (!Object.hasOwn(files, name)) return null;
  return readMapping(withSettings(files[name] as ImportMappingFile, settings));
}
