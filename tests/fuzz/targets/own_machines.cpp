#include "config/own_machines.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "fuzz.hpp"

using namespace hatchery;

namespace {

constexpr std::string_view secret = "c2VjcmV0";
constexpr const char* key_text =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n";

/// A folder with the one key that lists may name.
class KeyFolder {
public:
    KeyFolder() {
        std::string pattern = std::filesystem::temp_directory_path() / "fuzz-machines-XXXXXX";
        fuzz::must(::mkdtemp(pattern.data()) != nullptr, "a folder can be made");
        path_ = pattern;
        const auto key = path_ / "tower.key";
        std::ofstream(key) << key_text;
        fuzz::must(::chmod(key.c_str(), 0600) == 0, "a file's mode can be set");
    }
    ~KeyFolder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string path() const { return path_; }

private:
    std::filesystem::path path_;
};

bool is_plain(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

void check(const core::OwnMachine& machine) {
    fuzz::must(!machine.name.empty() && is_plain(machine.name), "a machine has a name");
    fuzz::must(machine.name.find_first_of(" /'\"") == std::string::npos, "a name is one word");
    fuzz::must(!machine.host.empty() && machine.host.find_first_of(" @/'\"") == std::string::npos,
               "a host is a name or an address");
    fuzz::must(machine.port > 0, "a machine has a port");
    fuzz::must(!machine.user.empty() && machine.user.find(' ') == std::string::npos,
               "somebody logs in");
    fuzz::must(machine.private_key.reveal() == key_text, "the key is the one that is named");
    fuzz::must(machine.host_key.starts_with("ssh-ed25519 AAAA") && is_plain(machine.host_key) &&
                   std::ranges::count(machine.host_key, ' ') == 1,
               "the host key is pinned");
    fuzz::must(!machine.region.empty() && !machine.type.empty(), "a machine has a place");
    fuzz::must(is_plain(machine.description), "a description is one line");
    for (const auto& price : {machine.price_monthly, machine.price_hourly}) {
        fuzz::must(!price.empty() && price.find_first_not_of("0123456789.") == std::string::npos,
                   "a price is a decimal number");
    }
    fuzz::must(machine.price_currency.size() == 3, "a currency has three letters");
}

}  // namespace

/// The operator's list of machines.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const KeyFolder folder;
    std::vector<core::OwnMachine> machines;
    const auto wrong =
        config::parse_own_machines(fuzz::text_of(data, size), folder.path(), machines);
    if (wrong) {
        fuzz::must(machines.empty(), "of a wrong list nothing is taken");
        fuzz::must(!wrong->empty() && is_plain(*wrong), "what is wrong can be shown");
        const bool given = fuzz::text_of(data, size).find(secret) != std::string_view::npos;
        fuzz::must(given || wrong->find(secret) == std::string::npos, "a key is told to nobody");
        return 0;
    }
    std::set<std::string> names;
    for (const auto& machine : machines) {
        check(machine);
        fuzz::must(names.insert(machine.name).second, "names are unique");
    }
    return 0;
}
