#pragma once

#include <string>
#include <string_view>

namespace hatchery::sandbox::telegram {

/// Why Telegram would refuse this webhook URL, in its words; empty when it is fine. https on the
/// ports 443, 80, 88 and 8443 is demanded, except for loopback addresses, where http and every
/// port will do: a sandbox's receiver has nothing else.
[[nodiscard]] std::string webhook_url_problem(std::string_view url);

/// The same for the secret token: 1 to 256 of `A-Za-z0-9_-`, or none at all.
[[nodiscard]] std::string secret_token_problem(std::string_view secret);

}  // namespace hatchery::sandbox::telegram
