#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// The types that an array can be of, by their object ids in every PostgreSQL (pg_type.dat).
enum class ElementType : std::uint32_t {
    boolean = 16,
    integer = 23,
    text = 25,
    timestamptz = 1184,
    uuid = 2950,
};

/// A one-dimensional array parameter in PostgreSQL's binary form (array_recv), grown element by
/// element: statements that take hundreds of rows at once spend less on reading it, and we on
/// writing it, than on text. The statement's parameter must be an array of the same type. add()
/// throws SqlFailure when the element is of another one, or no uuid.
class BinaryArray {
public:
    explicit BinaryArray(ElementType type) : type_(type) {}

    void add(std::nullopt_t);
    void add(int value);
    void add(bool value);
    void add(std::string_view text);
    void add(const char* text) { add(std::string_view(text)); }
    void add(const std::string& text) { add(std::string_view(text)); }
    /// Microseconds count; what is finer is cut off.
    void add(base::TimePoint time);
    /// An empty one is NULL.
    template <typename Tag>
    void add(const base::Id<Tag>& id) {
        id.empty() ? add(std::nullopt) : add_uuid(id.text());
    }
    template <typename E>
        requires std::is_enum_v<E>
    void add(E value) {
        add(std::string_view(base::to_text(value)));
    }
    template <typename T>
    void add(const std::optional<T>& value) {
        value ? add(*value) : add(std::nullopt);
    }

    [[nodiscard]] Param param() const;

private:
    void add_uuid(std::string_view text);
    void begin(ElementType type, std::uint32_t size);

    ElementType type_;
    std::uint32_t count_ = 0;
    bool has_null_ = false;
    std::string elements_;
};

}  // namespace hatchery::store
