#include "api/list_page.hpp"
#include "base/json_value.hpp"
#include "core/validate.hpp"
#include "fuzz.hpp"
#include "store/line_cursor.hpp"

using namespace hatchery;

namespace {

/// Places in a log: `after`, `before`, `tail` and Last-Event-ID.
void check_offset(std::string_view text) {
    const auto offset = core::read_whole_number(text, 0, std::int64_t{1} << 53);
    if (!offset) return;
    fuzz::must(*offset >= 0 && *offset <= std::int64_t{1} << 53, "an offset is in its range");
    fuzz::must(text.find_first_not_of("0123456789") == std::string_view::npos,
               "an offset is digits");
}

void check_line_cursor(std::string_view text) {
    const auto place = store::read_line_cursor(text);
    if (!place) return;
    const auto again = store::read_line_cursor(store::line_cursor(*place));
    fuzz::must(again && again->at == place->at && again->bot.text() == place->bot.text() &&
                   again->seq == place->seq,
               "a place is written as it was read");
}

void check_list_cursor(std::string_view after, std::string_view limit) {
    const api::front::Request request;
    api::Exchange exchange{.request = request};
    exchange.query.emplace("after", std::string(after));
    exchange.query.emplace("limit", std::string(limit));
    api::QueryReader query(exchange);
    const api::ListPage page(query);
    if (query.finish()) return;
    const auto answer = page.answer(base::Json::array({"a", "b", "c"}),
                                    [](const base::Json& item) { return item.get<std::string>(); });
    const auto shown = base::parse_json(answer.body);
    fuzz::must(shown && base::json_member(*shown, "items").size() <= 3, "a page is a page");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    check_offset(text);
    check_line_cursor(text);
    if (!core::check_cursor(text)) {
        fuzz::must(!text.empty() && text.size() <= 200, "a cursor has its length");
    }
    const auto after = fuzz::take_line(text);
    check_list_cursor(after, text);
    return 0;
}
