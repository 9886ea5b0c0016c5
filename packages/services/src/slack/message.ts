/** What Slack shows. The text stands in notifications, where blocks cannot be shown; both are always sent. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly object[];
}
