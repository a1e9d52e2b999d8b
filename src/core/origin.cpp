#include "core/origin.hpp"

#include <algorithm>
#include <string>

namespace hatchery::core {

namespace {

/// `scheme://host[:port]` in lower case, without the scheme's own port and without a path. Empty
/// when it is no such thing.
std::string normal_origin(std::string_view url) {
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return {};
    const auto path = url.find('/', scheme_end + 3);
    std::string origin(url.substr(0, path));
    std::transform(origin.begin(), origin.end(), origin.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const std::string_view usual_port = origin.starts_with("https://") ? ":443" : ":80";
    if (origin.ends_with(usual_port)) origin.resize(origin.size() - usual_port.size());
    return origin;
}

}  // namespace

Wrong check_origin(std::string_view public_url, const RequestOrigin& request) {
    if (request.origin) {
        const auto ours = normal_origin(public_url);
        const bool bare =
            request.origin->find('/', request.origin->find("://") + 3) == std::string_view::npos;
        if (ours.empty() || !bare || normal_origin(*request.origin) != ours) {
            return "The request comes from a page of another site.";
        }
    }
    if (request.fetch_site && *request.fetch_site != "same-origin") {
        return "The request comes from a page of another site.";
    }
    return std::nullopt;
}

Wrong check_return_path(std::string_view path) {
    const bool printable = std::all_of(path.begin(), path.end(),
                                       [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; });
    const bool local = path.starts_with('/') && !path.starts_with("//");
    if (printable && local && path.size() <= 512) return std::nullopt;
    return "must be a path of this site, such as /bots, of at most 512 characters";
}

}  // namespace hatchery::core
