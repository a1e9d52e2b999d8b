#include <vector>

#include "core/network.hpp"
#include "fuzz.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    static const std::vector<core::Network> proxies = {*core::parse_network("10.0.0.0/8"),
                                                       *core::parse_network("::1/128")};
    const auto network = core::parse_network(text);
    const auto peer = fuzz::take_line(text);
    std::vector<std::string_view> headers;
    while (!text.empty()) headers.push_back(fuzz::take_line(text));
    const auto address = core::client_address(peer, headers, proxies);
    if (!core::lies_in(peer, proxies)) {
        fuzz::must(address == peer || address == core::plain_address(peer).value_or(""),
                   "a stranger's header means nothing");
    }
    (void)core::address_group(address);
    (void)network;
    return 0;
}
