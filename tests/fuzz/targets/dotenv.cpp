#include "config/dotenv.hpp"

#include "fuzz.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    const auto read = config::parse_dotenv(text);
    for (const auto& [name, value] : read.values) {
        fuzz::must(!name.empty(), "a variable has a name");
        fuzz::must(value.find('\0') == std::string::npos, "a value is a C string");
    }
    return 0;
}
