/** The texts of the latest posts, to try terms on. Called by shared/termPreview.ts. */
import { many, type Queryable } from './db.ts';

export interface LatestText {
  post_id: number;
  /** As text, with microseconds. */
  published_at: string;
  text: string;
  /** The post has the topic already. */
  has_topic: boolean;
}

/** Posts with a text after a position, newest first, at most `limit`; excluded ones are not among them. */
export async function latestTexts(
  db: Queryable,
  topicId: number | undefined,
  after: LatestText | undefined,
  limit: number,
): Promise<LatestText[]> {
  const beyond = after ? 'and (p.published_at, p.post_id) < ($3::timestamptz, $4::bigint)' : '';
  return many<LatestText & Record<string, unknown>>(
    db,
    `select p.post_id, p.published_at::text as published_at, p.text,
       exists (select 1 from post_topics t where t.published_at = p.published_at and t.post_id = p.post_id
         and t.topic = $1::smallint) as has_topic
     from posts p where p.excluded_at is null and p.text <> '' ${beyond}
     order by p.published_at desc, p.post_id desc limit $2`,
    [topicId ?? null, limit, ...(after ? [after.published_at, after.post_id] : [])],
  );
}
