using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Values that are descriptors: a duplicate goes along with the message, and the receiver has an object of its own for it.</summary>
internal static class DescriptorValues
{
    internal static void Write(WireWriter writer, object value)
    {
        if (ValueSerializer.TryRefer(writer, value, canHoldItself: true, out _))
        {
            return;
        }

        switch (value)
        {
            case ICrossing crossing:
                writer.Byte((byte)Tag.Crossing);
                TypeReference.Write(writer, value.GetType());
                crossing.Depart(writer);
                break;
            case Socket socket:
                writer.Byte((byte)Tag.Socket);
                Attach(writer, socket.SafeHandle);
                break;
            default:
                writer.Byte((byte)Tag.FileHandle);
                Attach(writer, (SafeFileHandle)value);
                break;
        }
    }

    internal static object Read(ref WireReader reader, Tag tag)
    {
        int number = reader.Received.Reserve();
        object value = tag switch
        {
            Tag.Socket when reader.MayMake(typeof(Socket)) => ReadSocket(ref reader),
            Tag.FileHandle when reader.MayMake(typeof(SafeFileHandle)) => new SafeFileHandle(Release(reader.Descriptor()), ownsHandle: true),
            Tag.Crossing => ReadCrossing(ref reader),
            _ => throw new InvalidDataException("The message has a descriptor that was not asked for, from a peer that is not trusted."),
        };
        reader.Received.SetWhole(number, value);
        return value;
    }

    /// <summary>A duplicate, so that the sender may close its own at once. The writer's holder closes it after the message is sent; a finalizer does where it is not sent.</summary>
    private static void Attach(WireWriter writer, SafeHandle handle)
    {
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added); // throws when it is closed
            using SafeDescriptorHandle borrowed = new((int)handle.DangerousGetHandle(), ownsHandle: false);
            writer.AttachOwned(Os.Dup(borrowed));
        }
        finally
        {
            if (added)
            {
                handle.DangerousRelease();
            }
        }
    }

    private static Socket ReadSocket(ref WireReader reader)
    {
        SafeSocketHandle handle = new(Release(reader.Descriptor()), ownsHandle: true);
        try
        {
            return new Socket(handle); // asks the system what it is
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static nint Release(SafeDescriptorHandle descriptor)
    {
        int number = descriptor.Number;
        descriptor.SetHandleAsInvalid();
        return number;
    }

    private static ICrossing ReadCrossing(ref WireReader reader)
    {
        Type type = TypeReference.Read(ref reader);
        if (!typeof(ICrossing).IsAssignableFrom(type) || type.IsAbstract || type.ContainsGenericParameters)
        {
            throw new InvalidDataException($"The message says that {TypeNames.Display(type)} has descriptors that go along.");
        }

        ICrossing value = (ICrossing)RuntimeHelpers.GetUninitializedObject(type);
        value.Arrive(ref reader);
        return value;
    }
}
