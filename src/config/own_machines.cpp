#include "config/own_machines.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "config/values.hpp"

namespace hatchery::config {

namespace {

using base::Json;
using core::OwnMachine;

constexpr const char* example =
    R"([{"name": "tower-1", "host": "192.0.2.10", "keyFile": "tower-1.key", )"
    R"("hostKey": "ssh-ed25519 AAAA…", "region": "office", "type": "tower"}])";
constexpr std::size_t most_machines = 1'000;
constexpr std::size_t longest_file = 1U << 20U;
constexpr std::size_t longest_key = 16U << 10U;
constexpr double hours_a_month = 730;

std::optional<std::string> read_file(const std::string& path, std::size_t most) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::string text(most + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > most) return std::nullopt;
    return text;
}

/// The bytes of `ssh-ed25519 AAAA… comment`, without the comment; empty when it is none.
std::string plain_host_key(const std::string& text) {
    constexpr std::string_view kind = "ssh-ed25519 ";
    if (!text.starts_with(kind)) return {};
    const std::string body = text.substr(kind.size(), text.find(' ', kind.size()) - kind.size());
    const auto bytes = base::base64_decode(body);
    // Each part is told with its length before it: the kind once more, and 32 bytes.
    using namespace std::string_view_literals;
    constexpr auto begin = "\0\0\0\x0bssh-ed25519\0\0\0\x20"sv;
    if (!bytes || bytes->size() != begin.size() + 32 || !bytes->starts_with(begin)) return {};
    return std::string(kind) + body;
}

/// Reads one entry, and collects what is wrong with it.
class EntryReader {
public:
    EntryReader(const Json& entry, std::string where, std::string folder,
                std::vector<std::string>& wrong)
        : entry_(entry), where_(std::move(where)), folder_(std::move(folder)), wrong_(wrong) {}

    OwnMachine read() {
        OwnMachine machine;
        if (!entry_.is_object()) {
            say("", "must be an object");
            return machine;
        }
        word("name", machine.name);
        if (!machine.name.empty()) where_ = machine.name;
        check_members();
        text("host", machine.host, Needed::yes);
        constexpr std::string_view name_letters =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
        if (!only(machine.host, name_letters) && !only(machine.host, "0123456789abcdefABCDEF:.")) {
            say("host", "must be a name or an address, without a port");
        }
        machine.port = static_cast<std::uint16_t>(whole("port", 1, 65'535, 22));
        machine.user = "root";
        if (entry_.contains("user")) word("user", machine.user);
        read_key(machine);
        read_host_key(machine);
        word("region", machine.region);
        word("type", machine.type);
        text("description", machine.description, Needed::no);
        read_country(machine);
        text("architecture", machine.architecture, Needed::no);
        if (!machine.architecture.empty() && machine.architecture != "x86" &&
            machine.architecture != "arm") {
            say("architecture", "must be x86 or arm");
        }
        machine.cores = static_cast<int>(whole("cores", 1, 10'000, 0));
        machine.memory_gb = static_cast<double>(whole("memoryGb", 1, 1'000'000, 0));
        machine.disk_gb = static_cast<int>(whole("diskGb", 1, 10'000'000, 0));
        read_price(machine);
        return machine;
    }

private:
    enum class Needed { no, yes };

    void say(const std::string& field, const std::string& message) {
        wrong_.push_back(where_ + (field.empty() ? "" : "." + field) + " " + message);
    }

    void check_members() {
        static const std::set<std::string> known{
            "name",     "host",   "port",        "user",    "keyFile",      "hostKey",
            "region",   "type",   "description", "country", "architecture", "cores",
            "memoryGb", "diskGb", "monthlyCost", "currency"};
        for (const auto& [member, value] : entry_.items()) {
            // The name may be anything, and goes to a terminal.
            if (!known.contains(member)) {
                say("", printable(member) ? "has the field " + member + ", which there is not"
                                          : "has a field that there is not");
            }
        }
    }

    void text(const std::string& field, std::string& into, Needed needed) {
        const auto found = entry_.find(field);
        if (found == entry_.end()) {
            if (needed == Needed::yes) say(field, "is missing");
            return;
        }
        const bool fits = found->is_string() && !found->get_ref<const std::string&>().empty() &&
                          found->get_ref<const std::string&>().size() <= 255 &&
                          std::ranges::none_of(found->get_ref<const std::string&>(), [](char c) {
                              return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
                          });
        if (!fits) return say(field, "must be a text of 1 to 255 characters");
        into = found->get<std::string>();
    }

    void word(const std::string& field, std::string& into) {
        std::string value;
        text(field, value, Needed::yes);
        if (value.empty()) return;
        if (auto wrong = read_word(value, into)) say(field, *wrong);
    }

    long long whole(const std::string& field, long long least, long long most,
                    long long otherwise) {
        const auto found = entry_.find(field);
        if (found == entry_.end()) return otherwise;
        if (found->is_number_integer() && *found >= least && *found <= most) {
            return found->get<long long>();
        }
        say(field, fmt::format("must be a whole number from {} to {}", least, most));
        return otherwise;
    }

    void read_key(OwnMachine& machine) {
        std::string path;
        text("keyFile", path, Needed::yes);
        if (path.empty()) return;
        if (!path.starts_with('/')) path = folder_ + "/" + path;
        struct stat state{};
        if (::stat(path.c_str(), &state) != 0 || !S_ISREG(state.st_mode)) {
            return say("keyFile", "names no file that can be read");
        }
        if ((state.st_mode & 077U) != 0) {
            return say("keyFile", "may be read by others; run: chmod 600 " +
                                      (printable(path) ? path : std::string("on it")));
        }
        base::Secret key(read_file(path, longest_key).value_or(""));
        if (key.reveal().find("-----BEGIN OPENSSH PRIVATE KEY-----") == std::string::npos) {
            return say("keyFile",
                       "holds no private key of OpenSSH's; make one with: ssh-keygen -t "
                       "ed25519 -N ''");
        }
        machine.private_key = std::move(key);
    }

    void read_host_key(OwnMachine& machine) {
        std::string given;
        text("hostKey", given, Needed::yes);
        if (given.empty()) return;
        machine.host_key = plain_host_key(given);
        if (machine.host_key.empty()) {
            say("hostKey",
                "must be the machine's Ed25519 host key, as /etc/ssh/ssh_host_ed25519_key.pub "
                "there "
                "has it: ssh-ed25519 AAAA…");
        }
    }

    void read_country(OwnMachine& machine) {
        text("country", machine.country, Needed::no);
        const bool fits =
            machine.country.empty() ||
            (machine.country.size() == 2 && only(machine.country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        if (!fits) say("country", "must be two capital letters, such as DE");
    }

    void read_price(OwnMachine& machine) {
        text("currency", machine.price_currency, Needed::no);
        if (machine.price_currency.size() != 3 ||
            !only(machine.price_currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
            say("currency", "must be three capital letters, such as EUR");
        }
        const auto found = entry_.find("monthlyCost");
        if (found == entry_.end()) return;
        const bool fits = found->is_number() && *found >= 0 && *found <= 1e9;
        if (!fits) return say("monthlyCost", "must be a number from 0 on");
        const auto monthly = found->get<double>();
        machine.price_monthly = fmt::format("{:.2f}", monthly);
        machine.price_hourly = fmt::format("{:.6f}", monthly / hours_a_month);
    }

    const Json& entry_;
    std::string where_;
    const std::string folder_;
    std::vector<std::string>& wrong_;
};

/// What is there twice would be lent out twice.
void check_unique(const std::vector<OwnMachine>& machines, std::vector<std::string>& wrong) {
    std::set<std::string> names;
    std::set<std::pair<std::string, std::uint16_t>> places;
    std::set<std::string> host_keys;
    for (const auto& machine : machines) {
        if (!machine.name.empty() && !names.insert(machine.name).second) {
            wrong.push_back(machine.name + ".name is there twice");
        }
        if (!machine.host.empty() && !places.emplace(machine.host, machine.port).second) {
            wrong.push_back(machine.name + ".host is there twice with the same port");
        }
        if (!machine.host_key.empty() && !host_keys.insert(machine.host_key).second) {
            wrong.push_back(machine.name + ".hostKey is that of another machine here");
        }
    }
}

}  // namespace

std::optional<std::string> read_own_machines(const std::string& path,
                                             std::vector<OwnMachine>& machines) {
    const auto text = read_file(path, longest_file);
    if (!text) return "names no file that can be read";
    return parse_own_machines(*text, std::filesystem::path(path).parent_path().string(), machines);
}

std::optional<std::string> parse_own_machines(std::string_view text, const std::string& folder,
                                              std::vector<OwnMachine>& machines) {
    const auto list = base::parse_json(text, longest_file);
    if (!list || !list->is_array() || list->size() > most_machines) {
        return fmt::format("must name a file with a JSON list of at most {} machines, such as {}",
                           most_machines, example);
    }
    std::vector<std::string> wrong;
    std::vector<OwnMachine> found;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string where = fmt::format("machine {}", i + 1);
        found.push_back(EntryReader((*list)[i], where, folder, wrong).read());
    }
    if (wrong.empty()) check_unique(found, wrong);
    if (wrong.empty()) {
        machines = std::move(found);
        return std::nullopt;
    }
    std::string all;
    for (const auto& one : wrong) all += (all.empty() ? "is wrong: " : "; ") + one;
    return all;
}

}  // namespace hatchery::config
