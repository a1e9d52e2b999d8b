/** How to get a token, as it looks in Telegram. */
export function BotFatherPicture() {
  return (
    <svg class="picture" viewBox="0 0 320 300" role="img" aria-labelledby="botfather-title botfather-text">
      <title id="botfather-title">How to get a token from BotFather</title>
      <desc id="botfather-text">
        Send /newbot to BotFather, choose a name, choose a user name that ends in bot, and copy the token from its
        answer.
      </desc>
      <rect class="chat-back" x="0" y="0" width="320" height="300" rx="14" />
      <circle class="accent" cx="26" cy="26" r="13" />
      <text class="on-accent bold" x="26" y="31" text-anchor="middle">
        B
      </text>
      <text class="ink bold" x="48" y="24">
        BotFather
      </text>
      <text class="soft small" x="48" y="38">
        bot
      </text>
      <line class="rule" x1="0" y1="52" x2="320" y2="52" />
      <rect class="mine" x="218" y="64" width="86" height="28" rx="12" />
      <text class="ink" x="261" y="82" text-anchor="middle">
        /newbot
      </text>
      <rect class="theirs" x="16" y="100" width="190" height="28" rx="12" />
      <text class="ink" x="28" y="118">
        How are we going to call it?
      </text>
      <rect class="mine" x="202" y="136" width="102" height="28" rx="12" />
      <text class="ink" x="253" y="154" text-anchor="middle">
        My assistant
      </text>
      <rect class="mine" x="190" y="170" width="114" height="28" rx="12" />
      <text class="ink" x="247" y="188" text-anchor="middle">
        my_helper_bot
      </text>
      <rect class="theirs" x="16" y="206" width="256" height="80" rx="12" />
      <text class="ink" x="28" y="226">
        Done! Use this token to access
      </text>
      <text class="ink" x="28" y="242">
        the HTTP API:
      </text>
      <rect class="marked" x="24" y="250" width="240" height="26" rx="6" />
      <text class="ink mono" x="32" y="267">
        8012345678:AAF-x1Yq…k3Vw
      </text>
    </svg>
  );
}
