/** 1,200 requests in 5 minutes; one more and nothing is answered for the next 5 minutes. */
export class RequestQuota {
  static readonly requests = 1_200;
  static readonly seconds = 300;
  #windowEnds = 0;
  #used = 0;
  #blockedUntil = 0;

  /** Seconds to wait, or nothing when the request may pass. */
  take(now: Date): number | undefined {
    const at = now.getTime();
    if (at < this.#blockedUntil) return Math.ceil((this.#blockedUntil - at) / 1_000);
    if (at >= this.#windowEnds) {
      this.#windowEnds = at + RequestQuota.seconds * 1_000;
      this.#used = 0;
    }
    this.#used += 1;
    if (this.#used <= RequestQuota.requests) return undefined;
    this.#blockedUntil = at + RequestQuota.seconds * 1_000;
    return RequestQuota.seconds;
  }

  headers(now: Date): Record<string, string> {
    const remaining = Math.max(0, RequestQuota.requests - this.#used);
    const ends = Math.max(this.#windowEnds, this.#blockedUntil);
    const seconds = Math.max(0, Math.ceil((ends - now.getTime()) / 1_000));
    return {
      ratelimit: `"default";r=${remaining};t=${seconds}`,
      'ratelimit-policy': `"default";q=${RequestQuota.requests};w=${RequestQuota.seconds}`,
    };
  }
}

/** Purges by host of one account. Source: developers.cloudflare.com/cache/how-to/purge-cache, per plan. */
export class PurgeBucket {
  static readonly plans = {
    free: { size: 25, perSecond: 5 / 60 },
    pro: { size: 25, perSecond: 5 },
    business: { size: 50, perSecond: 10 },
    enterprise: { size: 500, perSecond: 50 },
  } as const;

  readonly #plan: { readonly size: number; readonly perSecond: number };
  #tokens: number;
  #at: number | undefined;

  constructor(plan: keyof typeof PurgeBucket.plans) {
    this.#plan = PurgeBucket.plans[plan];
    this.#tokens = this.#plan.size;
  }

  /** Seconds to wait, or nothing when the purge may pass. */
  take(now: Date): number | undefined {
    const at = now.getTime();
    const seconds = (at - (this.#at ?? at)) / 1_000;
    this.#at = at;
    this.#tokens = Math.min(this.#plan.size, this.#tokens + seconds * this.#plan.perSecond);
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#plan.perSecond);
    this.#tokens -= 1;
    return undefined;
  }
}
