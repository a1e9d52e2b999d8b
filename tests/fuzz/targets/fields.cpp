#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "core/validate.hpp"
#include "fuzz.hpp"
#include "reporting/sentry_event.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    if (!core::check_telegram_token(text)) {
        fuzz::must(text.find_first_of(" /?#%\r\n") == std::string_view::npos,
                   "a token is safe in a URL");
    }
    if (!core::check_bot_name(text)) {
        fuzz::must(base::is_utf8(text) && text.find('\n') == std::string_view::npos,
                   "a name is one line of text");
    }
    if (!core::check_model_base_url(text)) {
        fuzz::must(text.starts_with("http") && text.find('@') == std::string_view::npos,
                   "a base URL has no credentials");
    }
    (void)core::check_model_api_key(text);
    (void)core::check_provider_word(text);
    (void)core::check_cursor(text);
    (void)core::read_whole_number(text, -100, 100);
    fuzz::must(core::check_uuid(text).has_value() != base::is_uuid(text), "one idea of an id");
    if (const auto time = base::parse_time(text)) (void)base::format_time(*time);
    if (const auto bytes = base::base64_decode(text)) {
        fuzz::must(base::base64_decode(base::base64_encode(*bytes)) == bytes, "base64 comes back");
    }
    if (const auto bytes = base::hex_decode(text)) {
        fuzz::must(base::hex_decode(base::hex_encode(*bytes)) == bytes, "hex comes back");
    }
    const auto scrubbed = reporting::scrubbed(text);
    fuzz::must(base::is_utf8(scrubbed), "a report is text");
    return 0;
}
