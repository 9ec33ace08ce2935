using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.InteropServices;

namespace Multiprocessing;

internal enum IlKind
{
    Other,
    ReadField,
    Method,
}

/// <summary>One instruction of IL, as far as it matters here.</summary>
/// <param name="Kind">Whether it reads a field, names a method, or neither.</param>
/// <param name="Token">The metadata token of the field or method.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IlInstruction(IlKind Kind, int Token);

/// <summary>Reads the instructions of a method body. The encoding is that of ECMA-335, partition III.</summary>
internal static class IlReader
{
    private const byte TwoByteOpcodes = 0xFE;

    private static readonly Dictionary<short, OpCode> s_opcodes = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => o.Value);

    internal static IEnumerable<IlInstruction> Read(byte[] il)
    {
        int position = 0;
        while (position < il.Length)
        {
            short value = il[position++];
            if (value == TwoByteOpcodes)
            {
                value = (short)((value << 8) | il[position++]);
            }

            OpCode opcode = s_opcodes[value];
            int operand = position;
            position += OperandSize(opcode, il, operand);
            if (KindOf(opcode) is not IlKind.Other and var kind)
            {
                yield return new IlInstruction(kind, BinaryPrimitives.ReadInt32LittleEndian(il.AsSpan(operand)));
            }
        }
    }

    private static IlKind KindOf(OpCode opcode) => opcode.OperandType switch
    {
        OperandType.InlineField when opcode == OpCodes.Ldfld || opcode == OpCodes.Ldflda => IlKind.ReadField,
        OperandType.InlineMethod => IlKind.Method,
        _ => IlKind.Other,
    };

    private static int OperandSize(OpCode opcode, byte[] il, int operand) => opcode.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => sizeof(int) * (1 + BinaryPrimitives.ReadInt32LittleEndian(il.AsSpan(operand))),
        _ => 4,
    };
}
