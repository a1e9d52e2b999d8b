#include "base/json_value.hpp"
#include "core/requirements.hpp"
#include "fuzz.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    const auto json = base::parse_json(text);
    if (!json) return 0;
    const auto again = base::parse_json(base::dump_json(*json));
    fuzz::must(again && (*again == *json || text.find_first_of("eE.") != std::string_view::npos),
               "what is read is written the same");
    if (json->is_object()) (void)core::check_requirements(*json);
    return 0;
}
