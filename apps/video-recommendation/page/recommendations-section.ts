/** The section with the recommendations, or with the reason why there are none. */
import type { Refusal } from '../http/answer.ts';
import type { Recommended } from '../http/recommendations.ts';
import type { AskedReplica } from './asked-services.ts';
import { type Html, html } from './html.ts';

function duration(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function video({ title, topic, author, seconds, score, because }: Recommended): Html {
  return html`<li>
    <p class="title">${title}</p>
    <p class="about">
      ${topic} · by user ${author} ·
      ${duration(seconds)}${score === undefined ? '' : html` · <b>${Math.round(score * 100)} % match</b>`}
    </p>
    ${because === undefined ? '' : html`<p class="about">because of “${because}”</p>`}
  </li>`;
}

/** @param ms that the answer took */
export function recommendationsSection({ recommendations, replica }: AskedReplica, ms: number): Html {
  const { videos, stale, reason, asOf } = recommendations;
  const notice = html`<p class="notice" role="status">
    Trending videos as of ${asOf ?? 'some time ago'}, not chosen for this user: ${reason ?? 'a service failed'}.
  </p>`;
  return html`<p class="hint">Answered by ${replica ?? 'a replica without a name'} in ${ms.toFixed(0)} ms.</p>
    ${stale ? notice : ''}
    <ol class="videos">
      ${videos.map(video)}
    </ol>`;
}

export function refusalSection({ message }: Refusal): Html {
  return html`<p class="notice" role="alert">${message}.</p>`;
}
