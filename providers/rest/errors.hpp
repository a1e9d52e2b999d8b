#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "ports/http_transport.hpp"
#include "providers/rest/call_subject.hpp"

namespace hatchery::providers::rest {

/// A provider's refusal, taken apart. Every text is the provider's own.
struct Refusal {
    /// The provider's name in a sentence: `Hetzner`.
    std::string_view provider;
    std::string code;
    std::string words;
    std::string request_id;
    base::ErrorKind kind = base::ErrorKind::invalid;
    base::Effect effect = base::Effect::none;
    std::string_view next_action;
};

/// The error of a refusal, with the provider's code, words and request id kept.
[[nodiscard]] base::Error refused(const CallSubject& subject, const ports::HttpResponse& response,
                                  const Refusal& refusal);
/// The error of a 2xx answer that lacks what it must hold.
[[nodiscard]] base::Error nonsense(std::string_view provider, const CallSubject& subject,
                                   const ports::HttpResponse& response);
/// The transport's error, with the effect that the subject leaves possible.
[[nodiscard]] base::Error transport_failure(std::string_view provider, const CallSubject& subject,
                                            base::Error error);

/// What a status alone says.
[[nodiscard]] base::ErrorKind kind_of_status(int status);
/// Valid UTF-8 of at most 300 bytes and an ellipsis: what a stranger says goes into logs.
[[nodiscard]] std::string shortened(std::string text);

}  // namespace hatchery::providers::rest
