#include "fuzz.hpp"
#include "web-hooks/update_shape.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    (void)web_hooks::read_update(text);
    return 0;
}
