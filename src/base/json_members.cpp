#include "base/json_members.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace hatchery::base {

namespace {

using Json = nlohmann::json;

/// Hears of every key and builds nothing.
class MemberListener final : public nlohmann::json_sax<Json> {
public:
    explicit MemberListener(std::size_t most) : most_(most) {}

    [[nodiscard]] std::vector<std::string> repeated() && { return std::move(repeated_); }

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
        return false;
    }

    bool start_object(std::size_t) override {
        open_.emplace_back();
        return true;
    }
    bool end_object() override {
        open_.pop_back();
        return true;
    }
    bool key(string_t& name) override {
        Object& object = open_.back();
        object.last = name;
        if (object.seen.insert(name).second) return true;
        auto path = path_of_last();
        if (std::find(repeated_.begin(), repeated_.end(), path) == repeated_.end()) {
            repeated_.push_back(std::move(path));
        }
        return repeated_.size() < most_;
    }

private:
    struct Object {
        std::set<std::string> seen;
        std::string last;
    };

    [[nodiscard]] std::string path_of_last() const {
        std::string path;
        for (const Object& object : open_) path += (path.empty() ? "" : ".") + object.last;
        return path;
    }

    const std::size_t most_;
    /// The objects that have begun and not ended, the outermost first.
    std::vector<Object> open_;
    std::vector<std::string> repeated_;
};

}  // namespace

std::vector<std::string> repeated_members(std::string_view text, std::size_t most) {
    MemberListener listener(most);
    (void)Json::sax_parse(text, &listener);
    return std::move(listener).repeated();
}

}  // namespace hatchery::base
