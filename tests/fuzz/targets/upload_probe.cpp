#include "fuzz.hpp"
#include "remote/file_transfer.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    constexpr std::uint64_t file = 5'000'000'000;
    const auto there = remote::read_upload_probe(text, file);
    if (there && *there) fuzz::must(**there <= file, "a part is no longer than its file");
    return 0;
}
