#include "core/update_sender.hpp"
#include "fuzz.hpp"
#include "web-hooks/update_shape.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    (void)web_hooks::read_update(text);
    const auto sender = core::sender_of(text);
    if (sender) fuzz::must(sender->user_id > 0, "a Telegram user has a positive id");
    return 0;
}
