#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json_value.hpp"

namespace hatchery::sandbox::model {

/// One answer of the model, before any protocol.
struct ModelAnswer {
    std::string id;  ///< Without the protocol's prefix.
    std::string model;
    std::string text;
    long long created_s = 0;
    long long prompt_tokens = 0;
    long long answer_tokens = 0;
};

/// Takes one server-sent event; false: the client is gone.
using EventSink = std::function<bool(std::string_view event)>;

// Each protocol has its whole answer and its stream of events. The streams carry the text in
// several pieces, so that a client that only reads the first piece is found out.

[[nodiscard]] base::Json chat_completion(const ModelAnswer& answer);
void stream_chat_completion(const ModelAnswer& answer, bool with_usage, const EventSink& sink);

[[nodiscard]] base::Json openai_response(const ModelAnswer& answer);
void stream_openai_response(const ModelAnswer& answer, const EventSink& sink);

[[nodiscard]] base::Json anthropic_message(const ModelAnswer& answer);
void stream_anthropic_message(const ModelAnswer& answer, const EventSink& sink);

}  // namespace hatchery::sandbox::model
