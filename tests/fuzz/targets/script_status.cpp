#include "fuzz.hpp"
#include "remote/detached_run.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    const std::uint64_t offset = size % 5 == 0 ? size : 0;
    const auto output = remote::parse_status(text, offset);
    if (output) fuzz::must(output->next_offset >= offset, "an offset never goes back");
    (void)remote::parse_start(text);
    return 0;
}
