#include "base/json_members.hpp"
#include "base/json_value.hpp"
#include "core/requirements.hpp"
#include "fuzz.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    fuzz::must(base::repeated_members(text, 3).size() <= 3, "as many are named as were asked for");
    const auto json = base::parse_json(text);
    if (!json) return 0;
    const std::string written = base::dump_json(*json);
    fuzz::must(base::repeated_members(written, 3).empty(), "what is written has no member twice");
    const auto again = base::parse_json(written);
    fuzz::must(again && (*again == *json || text.find_first_of("eE.") != std::string_view::npos),
               "what is read is written the same");
    if (json->is_object()) (void)core::check_requirements(*json);
    return 0;
}
