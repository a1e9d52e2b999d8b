#include "core/sentry_dsn.hpp"

#include <algorithm>

namespace hatchery::core {

namespace {

bool is_word(std::string_view text, std::string_view more) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               more.find(c) != std::string_view::npos;
    });
}

}  // namespace

base::Result<SentryDsn> parse_sentry_dsn(std::string_view text) {
    const auto wrong = [] {
        return base::fail(base::ErrorKind::invalid, "SENTRY_DSN is not https://KEY@HOST/PROJECT.",
                          "Copy the DSN from the client keys of the Sentry project.");
    };
    const auto scheme = text.find("://");
    if (scheme == std::string_view::npos) return wrong();
    const auto protocol = text.substr(0, scheme);
    if (protocol != "https" && protocol != "http") return wrong();
    auto rest = text.substr(scheme + 3);
    const auto at = rest.find('@');
    const auto slash = rest.rfind('/');
    if (at == std::string_view::npos || slash == std::string_view::npos || slash < at) {
        return wrong();
    }
    // Old ones have a second key behind a colon, which nobody asks for any more.
    const auto key = rest.substr(0, std::min(rest.find(':'), at));
    const auto place = rest.substr(at + 1, slash - at - 1);
    const auto project = rest.substr(slash + 1);
    if (!is_word(key, "") || !is_word(place, ".-:[]/_") || !is_word(project, "")) return wrong();
    return SentryDsn{.envelope_url = std::string(protocol) + "://" + std::string(place) + "/api/" +
                                     std::string(project) + "/envelope/",
                     .key = base::Secret(std::string(key))};
}

}  // namespace hatchery::core
