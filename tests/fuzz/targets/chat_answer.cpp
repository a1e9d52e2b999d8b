#include "base/json_value.hpp"
#include "core/chat.hpp"
#include "fuzz.hpp"

using namespace hatchery;

/// What a bot's server leaves of a turn, and what a caller says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::text_of(data, size));
    if (const auto result = core::chat_result(text)) {
        const auto kept = base::parse_json(*result, core::max_chat_answer_bytes);
        fuzz::must(kept && base::json_member(*kept, "reply").is_string(), "a result has a reply");
    }
    if (const auto payload = core::read_chat_payload(text)) {
        const auto again = core::read_chat_payload(core::chat_payload_text(*payload));
        fuzz::must(again && again->message == payload->message &&
                       again->session_key == payload->session_key &&
                       again->interrupt == payload->interrupt,
                   "a payload is written as it was read");
    }
    (void)core::check_chat_message(text);
    (void)core::check_session_key(text);
    return 0;
}
