/** Contract of /v1/calendar (days with a rhythm of their own) and /v1/audit (who changed what). */
import { z } from 'zod';
import { Cursor, PageSize } from './alerts.ts';

const Day = z.iso.date().meta({ description: 'Local day, included' });
const period = { from: Day, to: Day };

export const PeriodBody = z.strictObject({ name: z.literal('ramadan').default('ramadan'), ...period }).meta({
  id: 'CalendarPeriodBody',
});
export const PeriodDaysBody = z.strictObject(period).meta({ id: 'CalendarPeriodDays' });
export const CalendarPeriod = z
  .object({ id: z.int(), name: z.literal('ramadan'), ...period })
  .meta({ id: 'CalendarPeriod' });
export const Calendar = z.object({ zone: z.string(), periods: z.array(CalendarPeriod) }).meta({ id: 'Calendar' });

const AuditObject = z.enum(['rule', 'channel', 'silence', 'calendar', 'delivery']);
export const AuditQuery = z.strictObject({
  object: AuditObject.optional(),
  object_id: z.string().min(1).max(64).optional(),
  limit: PageSize,
  cursor: Cursor,
});
export const AuditPage = z
  .object({
    next_cursor: z.string().nullable(),
    entries: z.array(
      z.object({
        id: z.int(),
        at: z.iso.datetime({ offset: true }),
        actor: z.string(),
        action: z.enum(['created', 'changed', 'deleted', 'ended', 'tested', 'replayed']),
        object: AuditObject,
        object_id: z.string(),
        before: z.unknown(),
        after: z.unknown(),
      }),
    ),
  })
  .meta({ id: 'AuditPage' });
