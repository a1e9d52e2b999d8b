#include "net/certificate.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "net/http_date.hpp"

namespace hatchery::net {

namespace {

using base::ErrorKind;

/// `Expire date:Jan 31 12:00:00 2027 GMT` of the first certificate of the chain, the host's own.
std::optional<base::TimePoint> end_of_first(const curl_certinfo* chain) {
    if (chain == nullptr || chain->num_of_certs < 1) return std::nullopt;
    constexpr std::string_view label = "Expire date:";
    for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
        const std::string_view text = line->data;
        if (!text.starts_with(label)) continue;
        return parse_http_date(std::string(text.substr(label.size())));
    }
    return std::nullopt;
}

}  // namespace

base::Result<base::TimePoint> certificate_end(const std::string& url, const base::Call& call,
                                              const std::string& ca_file) {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(),
                                                                   curl_easy_cleanup);
    if (!easy) return base::fail(ErrorKind::internal, "libcurl has no memory left.");
    std::array<char, CURL_ERROR_SIZE> cause{};
    curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_NOBODY, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(call.left().count()));
    curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, cause.data());
    if (!ca_file.empty()) curl_easy_setopt(easy.get(), CURLOPT_CAINFO, ca_file.c_str());
    const CURLcode code = curl_easy_perform(easy.get());
    if (code != CURLE_OK) {
        return base::fail(
            ErrorKind::unavailable,
            fmt::format("{}.", cause[0] != '\0' ? cause.data() : curl_easy_strerror(code)));
    }
    curl_certinfo* chain = nullptr;
    curl_easy_getinfo(easy.get(), CURLINFO_CERTINFO, &chain);
    const auto end = end_of_first(chain);
    if (!end) return base::fail(ErrorKind::bad_response, "The host shows no certificate.");
    return *end;
}

}  // namespace hatchery::net
