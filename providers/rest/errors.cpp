#include "providers/rest/errors.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"

namespace hatchery::providers::rest {

namespace {

using base::Effect;
using base::Error;
using base::ErrorKind;

constexpr std::size_t longest_words = 300;

}  // namespace

ErrorKind kind_of_status(int status) {
    switch (status) {
        case 401:
        case 403:
            return ErrorKind::unauthorized;
        case 404:
            return ErrorKind::not_found;
        case 408:
        case 504:
            return ErrorKind::timeout;
        case 409:
        case 423:
            return ErrorKind::conflict;
        case 412:
            return ErrorKind::out_of_stock;
        case 429:
            return ErrorKind::rate_limited;
        default:
            break;
    }
    if (status >= 500) return ErrorKind::unavailable;
    return status >= 400 ? ErrorKind::invalid : ErrorKind::bad_response;
}

std::string shortened(std::string text) {
    text = base::to_utf8(text);
    if (text.size() <= longest_words) return text;
    return base::to_utf8(text.substr(0, longest_words)) + "…";
}

Error refused(const CallSubject& subject, const ports::HttpResponse& response,
              const Refusal& refusal) {
    Error error;
    error.kind = refusal.kind;
    error.effect = subject.access == Access::reads ? Effect::none : refusal.effect;
    error.code = refusal.code.empty() ? std::to_string(response.status) : shortened(refusal.code);
    const std::string words = shortened(refusal.words);
    error.message = fmt::format("{} refused to {}: {} ({}).", refusal.provider, subject.what,
                                words.empty() ? "no reason given" : words, error.code);
    error.next_action = refusal.next_action;
    error.context.emplace_back("status", std::to_string(response.status));
    if (!refusal.request_id.empty()) {
        error.context.emplace_back("request_id", shortened(refusal.request_id));
    }
    if (!words.empty()) error.context.emplace_back("words", words);
    return error;
}

Error nonsense(std::string_view provider, const CallSubject& subject,
               const ports::HttpResponse& response) {
    Error error;
    error.kind = ErrorKind::bad_response;
    error.effect = subject.access == Access::reads ? Effect::none : Effect::unknown;
    error.code = std::to_string(response.status);
    error.message = fmt::format("{}'s answer to \"{}\" makes no sense.", provider, subject.what);
    error.context.emplace_back("status", std::to_string(response.status));
    return error;
}

Error transport_failure(std::string_view provider, const CallSubject& subject, Error error) {
    if (subject.access == Access::reads) error.effect = Effect::none;
    error.message =
        fmt::format("{} could not be asked to {}: {}.", provider, subject.what, error.message);
    return error;
}

}  // namespace hatchery::providers::rest
