using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Multiprocessing;

/// <summary>Values declared as object, an interface or an abstract class: written with the name of their own type, so that they arrive as what they were.</summary>
internal sealed class RuntimeTypeConverter : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert == typeof(object)
        || ((typeToConvert.IsInterface || typeToConvert.IsAbstract) && !typeof(IEnumerable).IsAssignableFrom(typeToConvert) && Refusals.Against(typeToConvert) is null);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert))!;

    private sealed class Converter<T> : JsonConverter<T>
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            Require(reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.String);
            Type type = TypeNames.Find(reader.GetString()!);
            Require(typeof(T).IsAssignableFrom(type) && reader.Read());
            object? value = type == typeof(object) ? ReadBareObject(ref reader) : JsonSerializer.Deserialize(ref reader, type, options);
            Require(reader.Read() && reader.TokenType == JsonTokenType.EndArray);
            return (T?)value;
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            Type type = value!.GetType();
            writer.WriteStartArray();
            writer.WriteStringValue(TypeNames.Of(type));
            if (type == typeof(object))
            {
                writer.WriteNullValue();
            }
            else
            {
                JsonSerializer.Serialize(writer, value, type, options);
            }

            writer.WriteEndArray();
        }

        private static object ReadBareObject(ref Utf8JsonReader reader)
        {
            Require(reader.TokenType == JsonTokenType.Null);
            return new object();
        }

        private static void Require(bool condition)
        {
            if (!condition)
            {
                throw new JsonException($"A value declared as {typeof(T)} is malformed.");
            }
        }
    }
}
