#include "telegram/telegram_answer.hpp"

#include "base/json_value.hpp"
#include "fuzz.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    ports::HttpResponse response{.status = 200, .headers = {}, .body = {}};
    if (!text.empty() && text.front() == '!') response.status = 429;
    response.body = std::string(text);
    const auto answer = telegram::read_answer("getMe", response);
    if (!answer) return 0;
    if (const auto bot = telegram::read_bot(*answer)) fuzz::must(bot->id > 0, "a bot has an id");
    (void)telegram::read_webhook_info(*answer);
    return 0;
}
